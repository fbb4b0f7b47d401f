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

/** A forward proxy, and what names it. */
export interface NamedProxy {
  /** Where it listens, its name and password in the URL where it wants them. */
  readonly url: URL;
  /** The variable that says so. */
  readonly variable: string;
}

/**
 * The forward proxy that the runtime takes for a URL, by the environment. The rules are those of
 * Deno's `fetch`, which reads the variables itself: `ALL_PROXY` before `HTTPS_PROXY` or
 * `HTTP_PROXY`, the upper-case name before the lower-case one, and the first that it can use;
 * `NO_PROXY` as a list of host names (with their subdomains), IP addresses, networks, or `*` for every
 * name. Guarded by `tests/unit/net/forward_proxy_test.ts`.
 *
 * @returns `undefined` where the connection is direct
 */
export function forwardProxyFor(url: string, variable: ReadVariable): NamedProxy | undefined {
  const { protocol, hostname } = new URL(url);
  if (isExempt(hostname, noProxy(variable).entries)) return undefined;
  const names = ["ALL_PROXY", protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY"]
    .flatMap((name) => [name, name.toLowerCase()]);
  for (const name of names) {
    const url = proxyUrl(variable(name) ?? "");
    if (url !== undefined) return { url, variable: name };
  }
  return undefined;
}

/**
 * What of the variables has no effect, though somebody meant one: a sentence each. The runtime passes
 * over it in silence.
 */
export function proxyNotes(variable: ReadVariable): string[] {
  const proxies = PROXY_VARIABLES.filter((name) => !/^no_/i.test(name) && variable(name));
  if (proxies.length === 0) return [];
  const { name, entries } = noProxy(variable);
  const isHttp = (url: URL | undefined) => /^https?:$/.test(url?.protocol ?? "");
  return [
    ...proxies.filter((name) => !isHttp(proxyUrl(variable(name) ?? ""))).map((name) =>
      `${name}: expected the URL of an http:// or https:// proxy, with both name and password ` +
      "or neither"
    ),
    ...entries.filter((entry) => !hasEffect(entry)).map((entry) =>
      `${name}: "${entry}" exempts nothing; expected a host name in lower case, which stands for the ` +
      "names below it too, without * or port; an IP address; a network such as 10.0.0.0/8; or * alone"
    ),
  ];
}

/** As the runtime reads it: an empty variable counts. */
function noProxy(variable: ReadVariable): { name: string; entries: string[] } {
  const name = variable("NO_PROXY") === undefined ? "no_proxy" : "NO_PROXY";
  const entries = (variable(name) ?? "").split(",").map((entry) => entry.trim());
  return { name, entries: entries.filter((entry) => entry !== "") };
}

/** What the runtime can use: it passes over another scheme, and over a name without a password. */
function proxyUrl(value: string): URL | undefined {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const userinfo = /\/\/([^/]*)@/.exec(url)?.[1] ?? ":";
  const isUsable = /^(?:https?|socks5h?):/i.test(url) && userinfo.includes(":");
  return isUsable ? URL.parse(url) ?? undefined : undefined;
}

/** Names as `NO_PROXY` may hold them: they are compared with a URL's host, which is lower case. */
const DOMAIN = /^\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

function hasEffect(entry: string): boolean {
  return entry === "*" || DOMAIN.test(entry) || isNetwork(entry);
}

function isNetwork(entry: string): boolean {
  const [address = "", prefix = "0", ...rest] = entry.split("/");
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return /^\d+$/.test(prefix) && Number(prefix) <= longest && rest.length === 0;
}

function isExempt(hostname: string, entries: readonly string[]): boolean {
  const host = unbracketed(hostname);
  return entries.some((entry) =>
    isIP(host) ? inNetwork(host, entry) : entry === "*" || inDomain(host, entry)
  );
}

/** `example.com` and `.example.com` both mean the name and everything below it. */
function inDomain(host: string, entry: string): boolean {
  const domain = entry.replace(/^\./, "");
  return host === domain || host.endsWith(`.${domain}`);
}

function inNetwork(host: string, entry: string): boolean {
  const [address = "", prefix] = entry.split("/");
  if (!isNetwork(entry) || isIP(address) !== isIP(host)) return false;
  const family = isIP(host) === 4 ? "ipv4" : "ipv6";
  const network = new BlockList();
  network.addSubnet(
    address,
    prefix === undefined ? (family === "ipv4" ? 32 : 128) : Number(prefix),
    family,
  );
  return network.check(host, family);
}
