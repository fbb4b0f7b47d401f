import type { ProvidedCredential } from "../provider.ts";

/** A token for the upstream, as its issuer gave it. */
export interface AccessToken {
  /** What goes behind `Bearer`. */
  readonly token: string;
  /** Wall-clock time at which it expires, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Wall-clock time at which its issuer wants it renewed, in milliseconds since the epoch. */
  readonly refreshAt?: number;
}

/** A token as a credential (RFC 6750). */
export function bearer({ token, ...times }: AccessToken): ProvidedCredential {
  return { credential: { kind: "bearer", token }, ...times };
}
