import { sha256 } from "@noble/hashes/sha2.js";

/** A header in which a client may present its key, and in which an upstream may expect ours. */
export type CredentialHeader = "x-api-key" | "api-key" | "authorization";

/** Every header that can carry a credential. None of them ever crosses to the upstream as it came. */
export const CREDENTIAL_HEADERS: readonly CredentialHeader[] = [
  "x-api-key",
  "api-key",
  "authorization",
];

/** What the proxy knows of the client behind a request. */
export interface ClientIdentity {
  /** `anonymous`: presented no credential. `denied`: presented some, none of which is accepted. */
  readonly verdict: "authenticated" | "anonymous" | "denied";
  /** The headers in which a credential was presented. */
  readonly presentedIn: readonly CredentialHeader[];
}

const ANONYMOUS: ClientIdentity = { verdict: "anonymous", presentedIn: [] };
const BEARER = /^bearer +/i;
const utf8 = new TextEncoder();

/**
 * SHA-256 of a client key, in hexadecimal. Keys are kept and compared as digests only, so that no
 * worker holds one and no comparison takes a time that depends on how much of a guess was right.
 *
 * Not by `hash` of `node:crypto`, which makes an object of its streaming kind for each digest: that
 * took a tenth to a fifth of a small request's processor time in alternating runs.
 */
export function digestKey(key: string): string {
  return sha256(utf8.encode(key)).toHex();
}

/**
 * Tells who a request comes from. Any presented credential that matches authenticates: Claude Code's
 * `apiKeyHelper` sends its key in two headers, of which only one may be ours.
 *
 * @param headers the request's headers, as received
 * @param acceptedKeys SHA-256 digests of the keys that authenticate, see {@linkcode digestKey}
 */
export function identifyClient(
  headers: Headers,
  acceptedKeys: readonly string[],
): ClientIdentity {
  let presentedIn: CredentialHeader[] | undefined;
  let authenticated = false;
  for (const name of CREDENTIAL_HEADERS) {
    const value = headers.get(name);
    if (!value) continue;
    (presentedIn ??= []).push(name);
    const key = name === "authorization" ? bearerToken(value) : value;
    if (key !== undefined && isAcceptedKey(key, acceptedKeys)) authenticated = true;
  }
  if (presentedIn === undefined) return ANONYMOUS;
  return { verdict: authenticated ? "authenticated" : "denied", presentedIn };
}

/** The token of an `Authorization: Bearer` value (RFC 6750 §2.1); the scheme is case-insensitive. */
function bearerToken(value: string): string | undefined {
  const scheme = BEARER.exec(value);
  return scheme === null ? undefined : value.slice(scheme[0].length);
}

/** A text without `Bearer` in front of it, as in other headers than `Authorization`. */
export function withoutBearer(text: string): string {
  return bearerToken(text) ?? text;
}

/** Whether a key authenticates, in a time that does not depend on how much of it is right. */
export function isAcceptedKey(key: string, acceptedKeys: readonly string[]): boolean {
  const digest = digestKey(key);
  let accepted = false;
  for (const candidate of acceptedKeys) {
    if (isEqual(digest, candidate)) accepted = true;
  }
  return accepted;
}

/** Compares two digests in a time that does not depend on them. */
function isEqual(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let index = 0; index < one.length; index++) {
    difference |= one.charCodeAt(index) ^ other.charCodeAt(index);
  }
  return difference === 0;
}
