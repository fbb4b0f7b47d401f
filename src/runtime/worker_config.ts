import type { Settings } from "../config/settings.ts";
import { digestKey } from "../proxy/client_auth.ts";
import type { WorkerConfig } from "./messages.ts";

/**
 * The settings as the request path needs them: without secrets, files read.
 *
 * @param listen the address to listen on, its port known
 * @throws {Deno.errors.NotFound} and what else reading `upstream_ca_file` throws
 */
export function workerConfig(
  settings: Settings,
  listen: WorkerConfig["listen"],
): Omit<WorkerConfig, "worker"> {
  return {
    listen,
    upstream: { baseUrl: settings.upstream_url, host: new URL(settings.upstream_url).hostname },
    acceptedKeys: [digestKey(settings.client_api_key)],
    rejectUnauthenticated: settings.unauthenticated === "reject",
    healthEndpoints: settings.health_endpoints,
    stripRequestHeaders: settings.strip_request_headers,
    headerTimeoutMs: settings.upstream_header_timeout * 1000,
    tokenTimeoutMs: tokenTimeout(settings) * 1000,
    maxBodyBytes: settings.max_request_body,
    upstreamHttp2: settings.upstream_http2,
    abortTellsDeparture: !Deno.build.standalone,
    upstreamCaCerts: settings.upstream_ca_file === undefined
      ? []
      : [Deno.readTextFileSync(settings.upstream_ca_file)],
  };
}

/** In seconds; an API key is always at hand. */
function tokenTimeout({ upstream_auth: auth }: Settings): number {
  return auth.type === "api_key" ? 0 : auth.token_timeout;
}
