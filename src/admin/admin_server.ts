import type { LoadedSettings } from "../config/load/load.ts";
import type { AdminSettings } from "../config/schema/settings.ts";
import { netAddress } from "../net/address.ts";
import type { PermissionNeeds } from "../permissions/needs.ts";
import { holdsKey, isOwnHost } from "./admission.ts";
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

/** What is answered, and how a client that lacks the key may send it. */
const METHODS = "GET, HEAD";
const CHALLENGES = 'Basic realm="claude-proxy", charset="UTF-8", Bearer realm="claude-proxy"';

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
  const { headers, method, url } = request;
  const { admin } = options.loaded().settings;
  if (!isOwnHost(headers.get("host"), { ...admin, bind_address: options.hostname })) {
    return text(421, "This Host is neither bound to nor in admin.allowed_hosts\n");
  }
  if (!holdsKey(headers.get("authorization"), admin)) {
    return text(401, "This takes admin.api_key\n", { "www-authenticate": CHALLENGES });
  }
  if (method !== "GET" && method !== "HEAD") {
    return text(405, "Only GET and HEAD are answered\n", { allow: METHODS });
  }
  switch (pathOf(url)) {
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
