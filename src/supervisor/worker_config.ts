import { requestSettings, type Settings } from "../config/schema/settings.ts";
import { digestKey } from "../clients/identify.ts";
import type { WorkerConfig } from "../ipc/messages.ts";
import type { UpstreamConfig } from "../upstreams/upstream.ts";
import { handsOver } from "./listening_address.ts";
import type { UpstreamConnection } from "./upstream_connection.ts";

/** Most workers that `workers = "auto"` starts. */
const MOST_AUTOMATIC_WORKERS = 4;

/** How many workers a setting asks for. */
export function workerCount(workers: Settings["workers"]): number {
  if (workers !== "auto") return workers;
  if (Deno.build.os !== "linux") return 1;
  return Math.min(navigator.hardwareConcurrency, MOST_AUTOMATIC_WORKERS);
}

/** How the upstream is reached, as far as a worker learns of it. */
export type ConnectionFacts = Pick<UpstreamConnection, "tls" | "workerProxy" | "isWayKnown">;

/**
 * The settings as a worker gets them: without secrets, files read.
 *
 * @param listen the address to listen on, its port known
 * @param connection how the upstream is reached
 */
export function workerConfig(
  settings: Settings,
  listen: WorkerConfig["listen"],
  connection: ConnectionFacts,
): Omit<WorkerConfig, "worker"> {
  return {
    listen,
    settings: requestSettings(settings),
    upstream: upstreamConfig(settings, connection),
    acceptedKeys: settings.client_api_key.map(digestKey),
    abortTellsDeparture: !Deno.build.standalone,
    handsOver: handsOver(settings),
    recordHeaders: settings.logging.level === "debug" || settings.logging.level === "trace",
  };
}

/** The upstream as a worker gets it. */
export function upstreamConfig(
  settings: Settings,
  { tls, workerProxy, isWayKnown }: ConnectionFacts,
): UpstreamConfig {
  return {
    name: "default",
    baseUrl: settings.upstream_url,
    connectTimeoutMs: settings.upstream_connect_timeout * 1000,
    headerTimeoutMs: settings.upstream_header_timeout * 1000,
    idleTimeoutMs: inMilliseconds(settings.upstream_idle_timeout),
    tokenTimeoutMs: tokenTimeout(settings) * 1000,
    http2: settings.upstream_http2,
    tls,
    proxy: workerProxy,
    isWayKnown,
  };
}

function inMilliseconds(seconds: number | undefined): number | undefined {
  return seconds && seconds * 1000;
}

/** In seconds; what knows no such setting is always at hand. */
function tokenTimeout({ upstream_auth: auth }: Settings): number {
  return "token_timeout" in auth ? auth.token_timeout : 0;
}
