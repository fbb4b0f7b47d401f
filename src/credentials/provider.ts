import type { UpstreamCredential } from "./credential.ts";

/** A credential as a provider gives it. */
export interface ProvidedCredential {
  /** What to present to the upstream. */
  readonly credential: UpstreamCredential;
  /** Wall-clock time of its end, in milliseconds since the epoch; `Infinity` for one without. */
  readonly expiresAt: number;
  /** Wall-clock time at which its issuer wants it renewed, in milliseconds since the epoch. */
  readonly refreshAt?: number;
}

/** How a credential is asked for. */
export interface CredentialRequest {
  /** Ends the attempt; its reason is what the attempt fails with. */
  readonly signal: AbortSignal;
  /** Ask the authority itself: no cache of the provider's or its library's may answer. */
  readonly fresh: boolean;
}

/** One way to obtain credentials. Providers keep none: that is the cache's work alone. */
export interface CredentialProvider {
  /** As in `upstream_auth.type`. */
  readonly name: string;
  /**
   * The credential: at hand, or awaited.
   *
   * @throws {CredentialError} through its promise, for everything that can go wrong
   */
  get(request: CredentialRequest): ProvidedCredential | Promise<ProvidedCredential>;
}

/**
 * What kind of trouble kept a provider from giving a credential:
 * - `unavailable`: this machine does not offer it (no `az`, no managed identity); a chain goes on
 * - `denied`: it is offered, and someone has to mend something before it works (wrong secret)
 * - `unreachable`: the authority did not answer, or asked for patience
 */
export type Trouble = "unavailable" | "denied" | "unreachable";

/** Why there is no credential. The message is for the log: one line that says what to do, no secret. */
export class CredentialError extends Error {
  /** Tells it from other errors. */
  override readonly name = "CredentialError";
  /** Its kind. */
  readonly trouble: Trouble;
  /** How long the authority asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  /** Makes one. */
  constructor(trouble: Trouble, message: string, retryAfterMs?: number) {
    super(message);
    this.trouble = trouble;
    this.retryAfterMs = retryAfterMs;
  }
}
