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
