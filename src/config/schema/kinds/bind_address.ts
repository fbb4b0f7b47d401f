import * as v from "valibot";
import { type Kind, kindOf } from "./kind.ts";

/** Labels of letters, digits and inner hyphens, RFC 1123 section 2.1; the last is no number. */
const HOST_NAME =
  /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*(?!\d+$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/** An IP address or host name to listen on, with neither brackets nor port. */
export function bindAddress(): Kind<string> {
  const expected = "expected an IP address or host name, such as 0.0.0.0, ::1 or localhost";
  return kindOf(
    v.pipe(
      v.string(expected),
      v.check((s) => !hasPort(s), "expected an address alone; the port goes to port"),
      v.check((s) => !/^\[.*\]$/.test(s), "expected an IPv6 address without its brackets"),
      v.check((s) => isIp(s) || HOST_NAME.test(s), expected),
    ),
  );
}

function isIp(address: string): boolean {
  return v.is(v.pipe(v.string(), v.ip()), address);
}

function hasPort(address: string): boolean {
  return /^(\[.*\]|[^:]*):\d+$/.test(address) && !isIp(address);
}
