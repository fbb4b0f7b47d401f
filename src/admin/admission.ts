import { createHash, timingSafeEqual } from "node:crypto";
import type { AdminSettings } from "../config/schema/settings.ts";
import { bracketed } from "../net/address.ts";

/** A Host: an IPv6 address in brackets, or anything without a colon; then perhaps a port. */
const HOST = /^(\[[^\]]+\]|[^:[\]]+)(?::\d{1,5})?$/;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
/** Names of this machine for itself. */
const LOCAL = ["localhost", "127.0.0.1", "[::1]"];
/** RFC 6750 section 2.1, RFC 7617 section 2. */
const BEARER = /^bearer +(\S+)$/i;
const BASIC = /^basic +(\S+)$/i;

/**
 * Whether a request's Host is a name or address that the listener was bound to, or one that is
 * allowed besides. A page on another site can make a browser ask us under a name of its own (DNS
 * rebinding); it cannot do that with an address, nor with our name.
 *
 * @param host the Host header
 */
export function isOwnHost(
  host: string | null,
  { bind_address: boundTo, allowed_hosts: allowed }: Pick<
    AdminSettings,
    "bind_address" | "allowed_hosts"
  >,
): boolean {
  const name = HOST.exec(host ?? "")?.[1]?.toLowerCase();
  if (name === undefined) return false;
  if (allowed.some((one) => bracketed(one) === name)) return true;
  if (boundTo === "0.0.0.0" || boundTo === "::") return LOCAL.includes(name) || isAddress(name);
  const own = bracketed(boundTo).toLowerCase();
  return name === own || (LOCAL.includes(own) && LOCAL.includes(name));
}

function isAddress(name: string): boolean {
  return IPV4.test(name) || name.startsWith("[");
}

/**
 * Whether a request may see what is shown: its credentials hold the key, or none is set.
 *
 * @param authorization the header: a bearer token, or a user and a password, of which the latter
 * counts
 */
export function holdsKey(
  authorization: string | null,
  { api_key: key }: Pick<AdminSettings, "api_key">,
): boolean {
  if (key === undefined) return true;
  const given = givenKey(authorization ?? "");
  return given !== undefined && timingSafeEqual(digest(given), digest(key));
}

function givenKey(authorization: string): string | undefined {
  const token = BEARER.exec(authorization)?.[1];
  if (token !== undefined) return token;
  const pair = decodedBase64(BASIC.exec(authorization)?.[1] ?? "");
  const colon = pair.indexOf(":");
  return colon < 0 ? undefined : pair.slice(colon + 1);
}

function decodedBase64(text: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.fromBase64(text));
  } catch {
    return "";
  }
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
