/**
 * What supervisor and workers tell each other of credentials.
 *
 * @module
 */
import type { UpstreamCredential } from "./credential.ts";

/** A credential as a worker keeps it. */
export interface IssuedCredential {
  /** Names it among all the supervisor gives out. */
  readonly id: number;
  /** What to present to the upstream. */
  readonly credential: UpstreamCredential;
  /** Wall-clock time from which it is of no use, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What a worker is told of credentials. */
export type ToCredentialHolder =
  /** One is at hand: a new one, or the one it has confirmed as the best there is. */
  | { readonly type: "credential"; readonly issued: IssuedCredential }
  /** The upstream refused this one; a better one is on its way. */
  | { readonly type: "credential_suspect"; readonly id: number }
  /** There is none, and there will be no attempt for some milliseconds. */
  | { readonly type: "credential_unavailable"; readonly retryInMs: number };

/** What a worker tells of credentials. */
export type FromCredentialHolder =
  /** It has none that lives, and a request waits for one. */
  | { readonly type: "credential_wanted" }
  /** The upstream answered 401 or 403 to it. */
  | { readonly type: "credential_refused"; readonly id: number; readonly status: number };
