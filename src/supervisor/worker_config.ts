import type { Settings } from "../config/schema/settings.ts";
import { digestKey } from "../clients/identify.ts";
import type { WorkerConfig } from "../ipc/messages.ts";
import type { UpstreamRoute } from "./upstream_connection.ts";

/** Most workers that `workers = "auto"` starts. */
const MOST_AUTOMATIC_WORKERS = 4;

/** How many workers a setting asks for. */
export function workerCount(workers: Settings["workers"]): number {
  if (workers !== "auto") return workers;
  if (Deno.build.os !== "linux") return 1;
  return Math.min(navigator.hardwareConcurrency, MOST_AUTOMATIC_WORKERS);
}

/**
 * The settings as the request path needs them: without secrets, files read.
 *
 * @param listen the address to listen on, its port known
 * @param route the way to the upstream
 */
export function workerConfig(
  settings: Settings,
  listen: WorkerConfig["listen"],
  { tls, workerProxy }: Pick<UpstreamRoute, "tls" | "workerProxy">,
): Omit<WorkerConfig, "worker"> {
  return {
    listen,
    upstream: { baseUrl: settings.upstream_url, host: new URL(settings.upstream_url).hostname },
    acceptedKeys: settings.client_api_key.map(digestKey),
    rejectUnauthenticated: settings.unauthenticated === "reject",
    healthEndpoints: settings.health_endpoints,
    stripRequestHeaders: settings.strip_request_headers,
    headerTimeoutMs: settings.upstream_header_timeout * 1000,
    tokenTimeoutMs: tokenTimeout(settings) * 1000,
    maxBodyBytes: settings.max_request_body,
    upstreamHttp2: settings.upstream_http2,
    abortTellsDeparture: !Deno.build.standalone,
    upstreamTls: tls,
    upstreamProxy: workerProxy,
    models: settings.models.map(({ id, display_name, api }) => ({
      id,
      api,
      ...(display_name !== undefined && { displayName: display_name }),
    })),
    recordHeaders: settings.logging.level === "debug" || settings.logging.level === "trace",
  };
}

/** In seconds; an API key is always at hand. */
function tokenTimeout({ upstream_auth: auth }: Settings): number {
  return auth.type === "api_key" ? 0 : auth.token_timeout;
}
