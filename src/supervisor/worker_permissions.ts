import type { WorkerConfig } from "../ipc/messages.ts";
import { netAddress, netAddressOf } from "../net/address.ts";
import { netOnly } from "../permissions/needs.ts";

/**
 * The permissions of a request worker: network access to the listening address and the upstream,
 * to the local stand-in for a forward proxy where there is one, and nothing else. Forward proxies that
 * the environment names need no grant.
 */
export function workerPermissions(
  { listen, upstream }: Pick<WorkerConfig, "listen" | "upstream">,
): Deno.PermissionOptions {
  const { baseUrl, proxy } = upstream;
  return netOnly([
    netAddress(listen.hostname, listen.port),
    netAddressOf(baseUrl),
    ...(proxy === undefined ? [] : [netAddressOf(proxy.url)]),
  ]);
}
