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
    net: [netAddress(listen.hostname, listen.port), upstreamAddress(upstreamUrl)],
    read: false,
    write: false,
    env: false,
    run: false,
    sys: false,
    ffi: false,
    import: false,
  };
}

/** The upstream as a `--allow-net` address, its port spelled out. */
export function upstreamAddress(upstreamUrl: string): string {
  const { hostname, port, protocol } = new URL(upstreamUrl);
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}

/** An address for `--allow-net`; IPv6 goes in brackets. */
export function netAddress(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
