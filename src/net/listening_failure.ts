import { netAddress } from "./address.ts";

/** An address to listen on. */
export interface ListeningAddress {
  /** A name or an address, without brackets. */
  readonly hostname: string;
  /** From 0 to 65535; 0 lets the system pick one. */
  readonly port: number;
  /** The setting that gives the port: `port`. */
  readonly setting: string;
  /** The setting that gives the host: `bind_address`. */
  readonly hostSetting: string;
  /** What else there is to do about a process that listens there. */
  readonly remedy?: string | undefined;
}

/**
 * Why an address cannot be listened on and what to do about it: "0.0.0.0:8080 is in use: stop …".
 *
 * @param error what `Deno.listen` or `Deno.serve` threw, or its words
 */
export function listeningFailure(
  { hostname, port, setting, hostSetting, remedy }: ListeningAddress,
  error: unknown,
): string {
  const words = String(error);
  const address = netAddress(hostname, port);
  if (/AddrInUse|already in use/.test(words)) {
    const stop = ["stop what listens there", remedy].filter(Boolean).join(", ");
    return `${address} is in use: ${stop}, or set ${setting}`;
  }
  if (/AddrNotAvailable|Cannot assign requested address/.test(words)) {
    return `${address} is no address of this machine: set ${hostSetting} to one, or to 0.0.0.0`;
  }
  if (/failed to lookup address/.test(words)) {
    return `${address} cannot be looked up: set ${hostSetting} to an address of this machine`;
  }
  if (/PermissionDenied|Permission denied/.test(words) && port < 1024) {
    return `${address} is not allowed: ports below 1024 need the capability CAP_NET_BIND_SERVICE, ` +
      `or set ${setting} to another and have this one forwarded to it`;
  }
  return `${address} cannot be used: ${words}`;
}
