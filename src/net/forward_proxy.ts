import { BlockList, isIP } from "node:net";
import type { ReadVariable } from "../permissions/variable.ts";
import { unbracketed } from "./address.ts";

/** Every variable that decides which forward proxy a request takes. */
export const PROXY_VARIABLES = [
  "ALL_PROXY",
  "all_proxy",
  "HTTPS_PROXY",
  "https_proxy",
  "HTTP_PROXY",
  "http_proxy",
  "NO_PROXY",
  "no_proxy",
] as const;

/**
 * The forward proxy that the runtime takes for a URL, by the environment. The rules are those of
 * Deno's `fetch`, which reads the variables itself: `ALL_PROXY` before `HTTPS_PROXY` or
 * `HTTP_PROXY`, the upper-case name before the lower-case one, and `NO_PROXY` as a list of host
 * names (with their subdomains), IP addresses, networks, or `*`. Guarded by
 * `tests/integration/forward_proxy_test.ts`.
 *
 * @returns `undefined` where the connection is direct
 */
export function forwardProxyFor(url: string, variable: ReadVariable): URL | undefined {
  const { protocol, hostname } = new URL(url);
  const either = (name: string) => variable(name) || variable(name.toLowerCase()) || undefined;
  const named = either("ALL_PROXY") ?? either(protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY");
  if (named === undefined || isExempt(hostname, either("NO_PROXY") ?? "")) return undefined;
  return URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(named) ? named : `http://${named}`) ?? undefined;
}

function isExempt(hostname: string, noProxy: string): boolean {
  const host = unbracketed(hostname);
  const entries = noProxy.split(",").map((entry) => entry.trim()).filter((entry) => entry !== "");
  return entries.some((entry) =>
    entry === "*" || (isIP(host) ? inNetwork(host, entry) : inDomain(host, entry))
  );
}

/** `example.com` and `.example.com` both mean the name and everything below it. */
function inDomain(host: string, entry: string): boolean {
  const domain = entry.replace(/^\./, "");
  return host === domain || host.endsWith(`.${domain}`);
}

function inNetwork(host: string, entry: string): boolean {
  const [address = "", prefix] = entry.split("/");
  if (isIP(address) === 0 || isIP(address) !== isIP(host)) return false;
  const family = isIP(host) === 4 ? "ipv4" : "ipv6";
  const network = new BlockList();
  network.addSubnet(
    address,
    prefix === undefined ? (family === "ipv4" ? 32 : 128) : Number(prefix),
    family,
  );
  return network.check(host, family);
}
