import type { Transport } from "../proxy/forward.ts";
import type { ProxyDeps } from "../proxy/handler.ts";
import { requestHeaderFilter } from "../proxy/headers.ts";
import { SharedTimeout } from "../time/shared_timeout.ts";
import type { WorkerConfig } from "../ipc/messages.ts";

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
 * Makes what reaches the upstream.
 *
 * @param clients new ones unless they are given
 */
export function createTransport(
  config: Omit<WorkerConfig, "worker">,
  clients: UpstreamClients = createClients(config),
): Transport {
  return {
    fetch,
    ...clients,
    headerTimeout: new SharedTimeout(config.headerTimeoutMs),
    ...(config.maxBodyBytes !== undefined && { maxBodyBytes: config.maxBodyBytes }),
  };
}

/** The two ways to connect to the upstream. */
export interface UpstreamClients {
  /** A connection pool. */
  readonly client: Deno.HttpClient;
  /** A new connection for each request. */
  readonly unpooledClient: Deno.HttpClient;
}

/** Settings that connections to the upstream are made from. */
export type ClientConfig = Pick<WorkerConfig, "upstreamTls" | "upstreamProxy" | "upstreamHttp2">;

/** Makes what connects to the upstream. */
export function createClients(
  { upstreamTls, upstreamProxy, upstreamHttp2 }: ClientConfig,
): UpstreamClients {
  const options = {
    http1: true,
    http2: upstreamHttp2,
    caCerts: [...upstreamTls.caCerts],
    ...upstreamTls.client,
    ...(upstreamProxy?.forRequests && { proxy: { url: upstreamProxy.url } }),
  };
  return {
    client: Deno.createHttpClient(options),
    unpooledClient: Deno.createHttpClient({ ...options, poolMaxIdlePerHost: 0 }),
  };
}
