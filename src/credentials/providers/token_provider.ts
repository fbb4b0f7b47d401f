/** A bearer token for the upstream. */
export interface AccessToken {
  readonly token: string;
  /** Wall-clock time at which it expires, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Wall-clock time at which its issuer wants it renewed, in milliseconds since the epoch. */
  readonly refreshAt?: number;
}

/** How a token is asked for. */
export interface TokenRequest {
  /** Ends the attempt; its reason is what the attempt fails with. */
  readonly signal: AbortSignal;
  /** Ask the authority itself: no cache of the provider's or its library's may answer. */
  readonly fresh: boolean;
}

/** One way to obtain tokens. Providers keep no tokens: that is the cache's work alone. */
export interface TokenProvider {
  /** As in `upstream_auth.type`. */
  readonly name: string;
  /** @throws {TokenError} for everything that can go wrong */
  getToken(request: TokenRequest): Promise<AccessToken>;
}

/**
 * What kind of trouble kept a provider from giving a token:
 * - `unavailable`: this machine does not offer it (no `az`, no managed identity); a chain goes on
 * - `denied`: it is offered, and someone has to mend something before it works (wrong secret)
 * - `unreachable`: the authority did not answer, or asked for patience
 */
export type Trouble = "unavailable" | "denied" | "unreachable";

/** Why there is no token. The message is for the log: one line that says what to do, no secret. */
export class TokenError extends Error {
  override readonly name = "TokenError";
  readonly trouble: Trouble;
  /** How long the authority asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(trouble: Trouble, message: string, retryAfterMs?: number) {
    super(message);
    this.trouble = trouble;
    this.retryAfterMs = retryAfterMs;
  }
}
