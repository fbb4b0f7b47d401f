import type { Transport } from "../proxy/forward.ts";
import type { ProxyDeps } from "../proxy/handler.ts";
import { requestHeaderFilter } from "../proxy/headers.ts";
import type { WorkerConfig } from "./messages.ts";

/** The request path's dependencies as far as settings decide them. */
export type ConfiguredDeps = Omit<ProxyDeps, "credential" | "onRefused" | "isReady" | "isDraining">;

/** Makes the request path's dependencies from a worker's settings. */
export function proxyDeps(config: WorkerConfig): ConfiguredDeps {
  return {
    upstream: config.upstream,
    acceptedKeys: config.acceptedKeys,
    rejectUnauthenticated: config.rejectUnauthenticated,
    healthEndpoints: config.healthEndpoints,
    models: config.models,
    filterRequestHeaders: requestHeaderFilter(config.stripRequestHeaders),
    transport: createTransport(config),
  };
}

/** Makes the connection pool to the upstream, with what goes through it. */
export function createTransport(config: Omit<WorkerConfig, "worker">): Transport {
  return {
    fetch,
    client: upstreamClient(config),
    headerTimeoutMs: config.headerTimeoutMs,
    ...(config.maxBodyBytes !== undefined && { maxBodyBytes: config.maxBodyBytes }),
  };
}

function upstreamClient(
  { upstreamTls, upstreamProxy, upstreamHttp2 }: Omit<WorkerConfig, "worker">,
): Deno.HttpClient {
  return Deno.createHttpClient({
    http1: true,
    http2: upstreamHttp2,
    caCerts: [...upstreamTls.caCerts],
    ...upstreamTls.client,
    ...(upstreamProxy?.forRequests && { proxy: { url: upstreamProxy.url } }),
  });
}
