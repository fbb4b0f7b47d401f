import type { PermissionNeeds } from "../permissions/needs.ts";
import { lookUpVariable } from "../permissions/variable.ts";
import { netAddressOf } from "./address.ts";
import { forwardProxyFor, type NamedProxy, PROXY_VARIABLES, proxyNotes } from "./forward_proxy.ts";
import { type ProxyStandIn, startProxyStandIn } from "./proxy_stand_in.ts";

/** What the environment says about the way to a URL. */
export interface EnvironmentProxy {
  /** The forward proxy in the way; `undefined` where there is none, or none is known of. */
  readonly proxy: NamedProxy | undefined;
  /**
   * Whether a variable is out of our reach: the runtime reads it all the same, and takes a proxy that
   * we know nothing of.
   */
  readonly unread: boolean;
  /** What of the variables has no effect, though somebody meant one: a sentence each. */
  readonly notes: readonly string[];
}

/** Looks the variables for forward proxies up, those that may be read, without ever prompting. */
export function environmentProxy(url: string): EnvironmentProxy {
  const values = new Map(PROXY_VARIABLES.map((name) => [name as string, lookUpVariable(name)]));
  const variable = (name: string) => {
    const found = values.get(name);
    return typeof found === "object" ? found.value : undefined;
  };
  return {
    proxy: forwardProxyFor(url, variable),
    unread: [...values.values()].some((found) => found === "hidden" || found === "not-granted"),
    notes: proxyNotes(variable),
  };
}

/** The forward proxy on the way to a URL, for messages: `the forward proxy 10.0.0.1:3128 (HTTPS_PROXY)`. */
export function forwardProxyName(url: string): string | undefined {
  const { proxy } = environmentProxy(url);
  return proxy && `the forward proxy ${proxy.url.host} (${proxy.variable})`;
}

/** The permissions that forward proxies on the way to some URLs need. */
export function forwardProxyNeeds(urls: readonly string[]): Partial<PermissionNeeds> {
  const found = urls.flatMap((url) => environmentProxy(url).proxy?.url ?? []);
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
  const proxy = environmentProxy(url).proxy?.url;
  if (proxy === undefined || !/^https?:$/.test(proxy.protocol)) return undefined;
  return startProxyStandIn({ proxy, authority: netAddressOf(url), caCerts });
}
