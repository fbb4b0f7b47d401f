import type { LoadedSettings } from "../config/load/load.ts";
import type { AdminSettings } from "../config/schema/settings.ts";
import { bracketed, netAddress } from "../net/address.ts";
import type { PermissionNeeds } from "../permissions/needs.ts";
import { EXPOSITION_TYPE } from "./exposition.ts";
import type { Metrics } from "./metrics.ts";
import { pageHeaders, statusOf, statusPage } from "./status_page.ts";

/** What the admin listener shows, and where. */
export interface AdminOptions {
  readonly hostname: string;
  /** 0 lets the system pick one. */
  readonly port: number;
  /** The settings in force. */
  readonly loaded: () => LoadedSettings;
  readonly metrics: Metrics;
}

/** A listener that was started. To dispose of it ends it at once: nobody waits for a status page. */
export interface AdminServer extends AsyncDisposable {
  readonly port: number;
}

/** On every answer: nothing of this belongs into a cache, a frame or another page. */
const HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
};

/** A Host: an IPv6 address in brackets, or anything without a colon; then perhaps a port. */
const HOST = /^(\[[^\]]+\]|[^:[\]]+)(?::\d{1,5})?$/;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
/** Names of this machine for itself. */
const LOCAL = ["localhost", "127.0.0.1", "[::1]"];

/** The permissions that the admin listener takes. */
export function adminPermissions(
  { bind_address: host, port }: AdminSettings,
): Pick<PermissionNeeds, "net"> {
  return { net: port === undefined ? [] : [netAddress(host, port)] };
}

/**
 * Starts the listener for those who run the proxy: `/metrics`, and a status page at `/`.
 *
 * @throws when it cannot listen
 */
export function startAdmin(options: AdminOptions): AdminServer {
  const { hostname, port } = options;
  const ending = new AbortController();
  const server = Deno.serve(
    { hostname, port, signal: ending.signal, automaticCompression: false, onListen: () => {} },
    (request) => answer(request, options),
  );
  return {
    port: server.addr.port,
    async [Symbol.asyncDispose]() {
      ending.abort();
      await server.finished;
    },
  };
}

/** Answers one request of the admin listener. */
export function answer(request: Request, options: AdminOptions): Response {
  if (!isOwnHost(request.headers.get("host"), options.hostname)) {
    return text(421, "This is not the Host this listener was bound to\n");
  }
  if (request.method !== "GET") return text(405, "Only GET is answered\n", { allow: "GET" });
  switch (pathOf(request.url)) {
    case "/":
      return new Response(statusPage, { headers: { ...HEADERS, ...pageHeaders } });
    case "/status.json":
      return Response.json(statusOf(options.loaded(), options.metrics), { headers: HEADERS });
    case "/metrics":
      return text(200, options.metrics.expose(), { "content-type": EXPOSITION_TYPE });
    default:
      return text(404, "Here are / and /metrics\n");
  }
}

/** The Host was checked, so the first slash behind the scheme begins the path. */
function pathOf(url: string): string {
  const target = url.slice(url.indexOf("/", url.indexOf("//") + 2));
  return target.split("?", 1)[0] ?? "";
}

function text(status: number, body: string, headers: Record<string, string> = {}): Response {
  return new Response(body, { status, headers: { ...HEADERS, ...headers } });
}

/**
 * Whether a request's Host is a name or address that the listener was bound to. A page on another
 * site can make a browser ask us under a name of its own (DNS rebinding); it cannot do that with an
 * address, nor with our name.
 *
 * @param host the Host header
 * @param boundTo the address or name in the settings
 */
export function isOwnHost(host: string | null, boundTo: string): boolean {
  const name = HOST.exec(host ?? "")?.[1]?.toLowerCase();
  if (name === undefined) return false;
  if (boundTo === "0.0.0.0" || boundTo === "::") return LOCAL.includes(name) || isAddress(name);
  const own = bracketed(boundTo).toLowerCase();
  return name === own || (LOCAL.includes(own) && LOCAL.includes(name));
}

function isAddress(name: string): boolean {
  return IPV4.test(name) || name.startsWith("[");
}
