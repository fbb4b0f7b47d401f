import type { UpstreamAuthSettings } from "../config/schema/settings.ts";
import { log } from "../logging/logging.ts";
import type { UpstreamCredential } from "./credential.ts";
import { type Clock, systemClock } from "../time/clock.ts";
import { createProvider } from "./providers/create_provider.ts";
import { type IssuedToken, TokenCache, type TokenFailure } from "./cache.ts";
import type { TokenProvider } from "./providers/token_provider.ts";
import type { FromCredentialHolder, IssuedCredential, ToCredentialHolder } from "./messages.ts";

/** Where workers' credentials come from. */
export interface CredentialSource {
  /** The credential at hand, for a worker that starts. */
  readonly current: IssuedCredential | undefined;
  /** Takes what a worker says. */
  receive(message: FromCredentialHolder): void;
  /** Ends what it does in the background. */
  stop(): void;
}

/** Who watches tokens come and fail: the metrics, and the log, which must not show them. */
export interface TokenWatch {
  /** A new token came in; it expires at a wall-clock time in milliseconds since the epoch. */
  acquired(token: string, expiresAt: number): void;
  /** An attempt to get one failed. */
  failed(): void;
}

/** What a token source is made from. */
export interface TokenSourceOptions {
  readonly provider: TokenProvider;
  /** Tells every worker. */
  readonly send: (message: ToCredentialHolder) => void;
  readonly watch?: TokenWatch;
  /** @default {systemClock} */
  readonly clock?: Clock;
}

/** Milliseconds between two hints in the log about refusals of the upstream. */
const HINT_INTERVAL = 60_000;

/**
 * Makes the source that the settings ask for. One that brings tokens starts to get the first at once.
 *
 * @param send tells every worker
 * @param watch hears of tokens
 * @param caCerts PEM certificates that authorities may have, beside the usual ones
 */
export function createCredentialSource(
  auth: UpstreamAuthSettings,
  send: TokenSourceOptions["send"],
  watch: TokenWatch,
  caCerts: readonly string[] = [],
): CredentialSource {
  if (auth.type === "api_key") {
    return fixedSource({ kind: "api_key", key: auth.api_key, header: auth.header });
  }
  return new TokenSource({ provider: createProvider(auth, caCerts), send, watch });
}

/** A credential that never changes. */
function fixedSource(credential: UpstreamCredential): CredentialSource {
  return { current: { id: 1, credential, expiresAt: Infinity }, receive() {}, stop() {} };
}

/** Keeps a token at hand, hands it to the workers before they need it, and writes the log about it. */
export class TokenSource implements CredentialSource {
  readonly #provider: TokenProvider;
  readonly #send: TokenSourceOptions["send"];
  readonly #watch: TokenWatch | undefined;
  readonly #clock: Clock;
  readonly #cache: TokenCache;
  #announced = 0;
  #hintedAt = -Infinity;

  constructor({ provider, send, watch, clock = systemClock }: TokenSourceOptions) {
    this.#provider = provider;
    this.#send = send;
    this.#watch = watch;
    this.#clock = clock;
    this.#cache = new TokenCache(provider, {
      clock,
      onToken: (token) => this.#announce(token),
      onFailure: (failure) => this.#report(failure),
    });
    this.#cache.want();
  }

  get current(): IssuedCredential | undefined {
    const token = this.#cache.current;
    return token && issue(token);
  }

  receive(message: FromCredentialHolder): void {
    if (message.type === "credential_wanted") return this.#answer();
    this.#hint(message.status);
    // A 403 tells that the token is good and its bearer may not.
    if (message.status !== 401) return;
    if (!this.#cache.suspect(message.id)) return this.#answer();
    this.#send({ type: "credential_suspect", id: message.id });
  }

  stop(): void {
    this.#cache.stop();
  }

  /** Says what there is, and sees to it that there will be something. */
  #answer(): void {
    const { current } = this;
    if (current !== undefined) return this.#send({ type: "credential", issued: current });
    this.#cache.want();
    const { retryInMs } = this.#cache;
    if (retryInMs > 0) this.#send({ type: "credential_unavailable", retryInMs });
  }

  #announce(token: IssuedToken): void {
    if (token.id !== this.#announced) {
      this.#announced = token.id;
      this.#watch?.acquired(token.token, token.expiresAt);
      log.info("upstream token acquired", {
        provider: this.#provider.name,
        expires: new Date(token.expiresAt).toISOString(),
      });
    }
    this.#send({ type: "credential", issued: issue(token) });
  }

  #report({ error, retryInMs }: TokenFailure): void {
    this.#watch?.failed();
    const { current } = this;
    const fields = { reason: error.message, retry_seconds: Math.ceil(retryInMs / 1000) };
    if (current !== undefined) {
      log.warn("upstream token not renewed, the old one still lives", fields);
      this.#send({ type: "credential", issued: current });
    } else {
      log.error("no upstream token", fields);
      this.#send({ type: "credential_unavailable", retryInMs });
    }
  }

  #hint(status: number): void {
    const now = this.#clock.elapsed();
    if (now - this.#hintedAt < HINT_INTERVAL) return;
    this.#hintedAt = now;
    log.warn("the upstream refused our token: assign Azure AI User or Cognitive Services User", {
      status,
      provider: this.#provider.name,
      to: "the identity that the token is for, on the upstream's resource",
    });
  }
}

function issue({ id, token, expiresAt }: IssuedToken): IssuedCredential {
  return { id, credential: { kind: "bearer", token }, expiresAt };
}
