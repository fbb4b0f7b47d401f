import type { UpstreamAuthSettings } from "../config/schema/settings.ts";
import { log } from "../logging/logger.ts";
import { type Clock, systemClock } from "../time/clock.ts";
import { CredentialCache, type CredentialFailure } from "./cache.ts";
import type { UpstreamCredential } from "./credential.ts";
import type { FromCredentialHolder, IssuedCredential, ToCredentialHolder } from "./messages.ts";
import type { CredentialProvider, ProvidedCredential } from "./provider.ts";

/** What there is of a credential, for those who look on. */
export interface CredentialState {
  /** Whether one is at hand. */
  readonly isAtHand: boolean;
  /** The last attempt to get one, where it failed; `retryInMs` is 0 while another is under way. */
  readonly failure: { readonly reason: string; readonly retryInMs: number } | undefined;
}

/** Who watches tokens come and fail: the metrics, and the log, which must not show them. */
export interface TokenWatch {
  /** A new token came in; it expires at a wall-clock time in milliseconds since the epoch. */
  acquired(token: string, expiresAt: number): void;
  /** An attempt to get one failed. */
  failed(): void;
}

/** What a credential source is made from. */
export interface CredentialSourceOptions {
  /** How we authenticate to the upstream. */
  readonly auth: UpstreamAuthSettings;
  /** Makes the provider that settings ask for. */
  readonly create: (auth: UpstreamAuthSettings) => CredentialProvider;
  /** Tells every worker. */
  readonly send: (message: ToCredentialHolder) => void;
  /** Hears of tokens. */
  readonly watch?: TokenWatch;
  /** Time. @default {systemClock} */
  readonly clock?: Clock;
}

/** Milliseconds between two hints in the log about refusals of the upstream. */
const HINT_INTERVAL = 60_000;

/** What to do about a credential that the upstream refused. */
const REFUSED = {
  api_key: {
    message: "API key: check upstream_auth.api_key, where it goes (header), and what it may do",
    to: undefined,
  },
  bearer: {
    message: "token: assign Azure AI User or Cognitive Services User",
    to: "the identity that the token is for, on the upstream's resource",
  },
} as const satisfies Record<UpstreamCredential["kind"], unknown>;

/**
 * Where the credentials of one upstream come from: the supervisor's half, which workers' holders ask.
 * It keeps one at hand, hands it out before it is needed, and writes the log about it. Settings may
 * be exchanged: what is late of the credentials before is ignored, for every one has a number of its
 * own.
 */
export class CredentialSource {
  readonly #options: CredentialSourceOptions;
  readonly #clock: Clock;
  #auth: UpstreamAuthSettings;
  #provider: CredentialProvider;
  #cache: CredentialCache;
  /** What was given out last, as the cache has it and as workers have it. */
  #given: { readonly provided: ProvidedCredential; readonly issued: IssuedCredential } | undefined;
  #failed: string | undefined;
  #lastId = 0;
  #hintedAt = -Infinity;

  /** With nothing at hand, until it is started. */
  constructor(options: CredentialSourceOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#auth = options.auth;
    this.#provider = options.create(options.auth);
    this.#cache = this.#newCache();
  }

  /** The credential at hand, for a worker that starts. */
  get current(): IssuedCredential | undefined {
    return this.#cache.current && this.#given?.issued;
  }

  /** What there is at this moment. */
  get state(): CredentialState {
    const reason = this.#failed;
    const failure = reason === undefined ? undefined : { reason, retryInMs: this.#cache.retryInMs };
    return { isAtHand: this.#cache.current !== undefined, failure };
  }

  /** Begins to get the first credential. */
  start(): void {
    this.#cache.want();
  }

  /**
   * Takes over new settings; with the same as before nothing happens. Until there is a credential by
   * the new ones, workers go on with what they have.
   */
  change(auth: UpstreamAuthSettings): void {
    if (JSON.stringify(auth) === JSON.stringify(this.#auth)) return;
    this.#cache.stop();
    this.#auth = auth;
    this.#provider = this.#options.create(auth);
    this.#cache = this.#newCache();
    this.#given = undefined;
    this.#failed = undefined;
    this.start();
  }

  /** Takes what a worker says. */
  receive(message: FromCredentialHolder): void {
    const isRefusal = message.type === "credential_refused";
    // Another is on its way or there when one before it is refused.
    if (!isRefusal || message.id !== this.#given?.issued.id) return this.#answer();
    const { kind } = this.#given.issued.credential;
    this.#hint(kind, message.status);
    // A 403 tells that the credential is good and its bearer may not. There is no other API key.
    if (message.status !== 401 || kind === "api_key") return;
    if (!this.#cache.suspect()) return this.#answer();
    this.#options.send({ type: "credential_suspect", id: message.id });
  }

  /** Ends what it does in the background. */
  stop(): void {
    this.#cache.stop();
  }

  #newCache(): CredentialCache {
    return new CredentialCache(this.#provider, {
      clock: this.#clock,
      onCredential: (provided) => this.#announce(provided),
      onFailure: (failure) => this.#report(failure),
    });
  }

  /** Says what there is. Where there is none, an attempt to get one follows. */
  #answer(): void {
    const { current } = this;
    if (current !== undefined) return this.#options.send({ type: "credential", issued: current });
    this.#cache.want();
    const { retryInMs } = this.#cache;
    if (retryInMs > 0) this.#options.send({ type: "credential_unavailable", retryInMs });
  }

  #announce(provided: ProvidedCredential): void {
    this.#failed = undefined;
    if (provided !== this.#given?.provided) {
      const { credential, expiresAt } = provided;
      this.#given = { provided, issued: { id: ++this.#lastId, credential, expiresAt } };
      if (credential.kind === "bearer") this.#tellOfToken(credential.token, expiresAt);
    }
    this.#options.send({ type: "credential", issued: this.#given.issued });
  }

  #tellOfToken(token: string, expiresAt: number): void {
    this.#options.watch?.acquired(token, expiresAt);
    log.info("upstream token acquired", {
      provider: this.#provider.name,
      expires: new Date(expiresAt).toISOString(),
    });
  }

  #report({ error, retryInMs }: CredentialFailure): void {
    this.#failed = error.message;
    this.#options.watch?.failed();
    const { current } = this;
    const fields = { reason: error.message, retry_seconds: Math.ceil(retryInMs / 1000) };
    if (current !== undefined) {
      log.warn("upstream token not renewed, the old one still lives", fields);
      this.#options.send({ type: "credential", issued: current });
    } else {
      log.error("no upstream token", fields);
      this.#options.send({ type: "credential_unavailable", retryInMs });
    }
  }

  #hint(kind: UpstreamCredential["kind"], status: number): void {
    const now = this.#clock.elapsed();
    if (now - this.#hintedAt < HINT_INTERVAL) return;
    this.#hintedAt = now;
    const { message, to } = REFUSED[kind];
    log.warn(`the upstream refused our ${message}`, { status, provider: this.#provider.name, to });
  }
}
