import type { Transport } from "../proxy/forward.ts";
import type { ProxyDeps } from "../proxy/handler.ts";
import { requestHeaderFilter } from "../proxy/headers.ts";
import type { WorkerConfig } from "./messages.ts";

/** The request path's dependencies as far as settings decide them. */
export type ConfiguredDeps = Omit<ProxyDeps, "credential" | "onRefused" | "isReady" | "isDraining">;

/**
 * Makes the request path's dependencies from a worker's settings.
 *
 * @param transport how requests reach the upstream
 */
export function proxyDeps(
  config: WorkerConfig,
  transport: Transport = createTransport(config),
): ConfiguredDeps {
  return {
    upstream: config.upstream,
    acceptedKeys: config.acceptedKeys,
    rejectUnauthenticated: config.rejectUnauthenticated,
    healthEndpoints: config.healthEndpoints,
    models: config.models,
    filterRequestHeaders: requestHeaderFilter(config.stripRequestHeaders),
    transport,
  };
}

/**
 * Makes what goes through a connection pool to the upstream.
 *
 * @param client the pool; a new one unless it is given
 */
export function createTransport(
  config: Omit<WorkerConfig, "worker">,
  client: Deno.HttpClient = createPool(config),
): Transport {
  return {
    fetch,
    client,
    headerTimeoutMs: config.headerTimeoutMs,
    ...(config.maxBodyBytes !== undefined && { maxBodyBytes: config.maxBodyBytes }),
  };
}

/** Settings that a connection pool is made from. */
export type PoolConfig = Pick<WorkerConfig, "upstreamTls" | "upstreamProxy" | "upstreamHttp2">;

/** Makes a connection pool to the upstream. */
export function createPool(
  { upstreamTls, upstreamProxy, upstreamHttp2 }: PoolConfig,
): Deno.HttpClient {
  return Deno.createHttpClient({
    http1: true,
    http2: upstreamHttp2,
    caCerts: [...upstreamTls.caCerts],
    ...upstreamTls.client,
    ...(upstreamProxy?.forRequests && { proxy: { url: upstreamProxy.url } }),
  });
}
