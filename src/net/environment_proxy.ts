import type { PermissionNeeds } from "../permissions/needs.ts";
import { lookUpVariable } from "../permissions/variable.ts";
import { netAddressOf } from "./address.ts";
import { forwardProxyFor, PROXY_VARIABLES } from "./forward_proxy.ts";
import { type ProxyStandIn, startProxyStandIn } from "./proxy_stand_in.ts";

/** What the environment says about the way to a URL. */
export interface EnvironmentProxy {
  /** The forward proxy in the way; `undefined` where there is none, or none is known of. */
  readonly proxy: URL | undefined;
  /** Whether a variable could not be read: the runtime then takes a proxy that we know nothing of. */
  readonly unread: boolean;
}

/** Looks the variables for forward proxies up, those that may be read, without ever prompting. */
export function environmentProxy(url: string): EnvironmentProxy {
  const found = new Map(PROXY_VARIABLES.map((name) => [name as string, lookUpVariable(name)]));
  const proxy = forwardProxyFor(url, (name) => {
    const variable = found.get(name);
    return typeof variable === "object" ? variable.value : undefined;
  });
  return { proxy, unread: [...found.values()].includes("not-granted") };
}

/** The permissions that forward proxies on the way to some URLs need. */
export function forwardProxyNeeds(urls: readonly string[]): Partial<PermissionNeeds> {
  const found = urls.flatMap((url) => environmentProxy(url).proxy ?? []);
  if (found.length === 0) return {};
  const addresses = new Set(found.map(({ href }) => netAddressOf(href)));
  // Loopback: the supervisor stands in for the proxy there, on a port the system picks.
  return { net: [...addresses, "127.0.0.1"], env: PROXY_VARIABLES };
}

/**
 * Stands in for the forward proxy on the way to a URL, for whoever would otherwise tell the server
 * there the proxy's password: give its `url` to `Deno.createHttpClient({ proxy: { url } })`.
 *
 * @param caCerts PEM certificates that an https proxy may have, beside the usual ones
 * @returns `undefined` where the way is direct, or the proxy speaks another protocol than HTTP
 */
export function standInFor(url: string, caCerts: readonly string[]): ProxyStandIn | undefined {
  const { proxy } = environmentProxy(url);
  if (proxy === undefined || !/^https?:$/.test(proxy.protocol)) return undefined;
  return startProxyStandIn({ proxy, authority: netAddressOf(url), caCerts });
}
