import { bracketed } from "../net/address.ts";

/** A Host: an IPv6 address in brackets, or anything without a colon; then perhaps a port. */
const HOST = /^(\[[^\]]+\]|[^:[\]]+)(?::\d{1,5})?$/;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
/** Names of this machine for itself. */
const LOCAL = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Whether a request's Host is a name or address that the listener was bound to. A page on another
 * site can make a browser ask us under a name of its own (DNS rebinding); it cannot do that with an
 * address, nor with our name.
 *
 * @param host the Host header
 * @param boundTo the address or name in the settings
 */
export function isOwnHost(host: string | null, boundTo: string): boolean {
  const name = HOST.exec(host ?? "")?.[1]?.toLowerCase();
  if (name === undefined) return false;
  if (boundTo === "0.0.0.0" || boundTo === "::") return LOCAL.includes(name) || isAddress(name);
  const own = bracketed(boundTo).toLowerCase();
  return name === own || (LOCAL.includes(own) && LOCAL.includes(name));
}

function isAddress(name: string): boolean {
  return IPV4.test(name) || name.startsWith("[");
}
