import { netOnly } from "../permissions/needs.ts";
import { netAddress, netAddressOf } from "../net/address.ts";

/** What {@linkcode workerPermissions} decides from. */
export interface WorkerReach {
  /** The listening address. */
  readonly listen: { readonly hostname: string; readonly port: number };
  /** Normalised base URL of the upstream. */
  readonly upstreamUrl: string;
  /** `host:port` of a proxy the worker is told to use; those of the environment need no grant. */
  readonly proxyAddress?: string | undefined;
}

/**
 * The permissions of a request worker: network access to the listening address and the upstream,
 * to the local stand-in for a forward proxy where there is one, and nothing else.
 */
export function workerPermissions(
  { listen, upstreamUrl, proxyAddress }: WorkerReach,
): Deno.PermissionOptions {
  return netOnly([
    netAddress(listen.hostname, listen.port),
    netAddressOf(upstreamUrl),
    ...(proxyAddress === undefined ? [] : [proxyAddress]),
  ]);
}
