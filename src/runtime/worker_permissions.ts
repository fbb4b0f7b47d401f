import { netAddress, netAddressOf } from "../permissions/needs.ts";

/** What {@linkcode workerPermissions} decides from. */
export interface WorkerReach {
  /** The listening address. */
  readonly listen: { readonly hostname: string; readonly port: number };
  /** Normalised base URL of the upstream. */
  readonly upstreamUrl: string;
}

/**
 * The permissions of a request worker: network access to the listening address and the upstream,
 * and nothing else.
 */
export function workerPermissions({ listen, upstreamUrl }: WorkerReach): Deno.PermissionOptions {
  return {
    net: [netAddress(listen.hostname, listen.port), netAddressOf(upstreamUrl)],
    read: false,
    write: false,
    env: false,
    run: false,
    sys: false,
    ffi: false,
    import: false,
  };
}
