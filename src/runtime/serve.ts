import type { LoadedSettings } from "../config/load.ts";
import type { Settings } from "../config/settings.ts";
import { accessLog, log, startLogging } from "../logging/logging.ts";
import { digestKey } from "../proxy/client_auth.ts";
import type { UpstreamCredential } from "../proxy/credentials.ts";
import type { RequestRecord, WorkerConfig } from "./messages.ts";
import { endingSignal } from "./signals.ts";
import { WorkerPool } from "./worker_pool.ts";
import { netAddress, workerPermissions } from "./worker_permissions.ts";

/** Most workers that `workers = "auto"` starts. */
const MOST_AUTOMATIC_WORKERS = 4;

/**
 * Runs the proxy until a signal ends it.
 *
 * @returns the exit code: 0 after a clean end, 1 when it could not listen
 */
export async function serve({ settings, notes }: LoadedSettings): Promise<number> {
  const stopLogging = await startLogging(settings.logging);
  try {
    for (const note of notes) log.warn(note);
    return await run(settings);
  } finally {
    await stopLogging();
  }
}

async function run(settings: Settings): Promise<number> {
  const ended = endingSignal();
  const pool = await startPool(settings);
  if (pool === undefined) return 1;
  const signal = await ended;
  log.info("draining", { signal, timeout_seconds: settings.shutdown_timeout });
  const finished = await within(settings.shutdown_timeout * 1000, pool.drain());
  if (!finished) log.warn("cutting off requests still running after shutdown_timeout");
  pool.stop();
  log.info("stopped");
  return 0;
}

async function startPool(settings: Settings): Promise<WorkerPool | undefined> {
  try {
    const listen = freeAddress(settings.bind_address, settings.port);
    const pool = new WorkerPool({
      count: workerCount(settings.workers),
      config: workerConfig(settings, listen),
      permissions: workerPermissions({ listen, upstreamUrl: settings.upstream_url }),
      credential: upstreamCredential(settings),
      onRequests: (records) => records.forEach(logRequest),
      onDeath: (death) => log.error("worker died and will be replaced", { ...death }),
    });
    await pool.start();
    log.info(`listening on http://${netAddress(listen.hostname, listen.port)}`, {
      upstream: settings.upstream_url,
      workers: workerCount(settings.workers),
    });
    return pool;
  } catch (error) {
    log.error("cannot listen", {
      address: netAddress(settings.bind_address, settings.port),
      reason: String(error),
    });
    return undefined;
  }
}

/**
 * The address to listen on, its port picked by the system where the setting is 0. Workers share the
 * port with `reusePort`, which would also share it with another program of the same user: binding it
 * without that first tells when it is taken.
 */
function freeAddress(hostname: string, port: number): WorkerConfig["listen"] {
  using listener = Deno.listen({ hostname, port });
  return { hostname, port: listener.addr.port };
}

function workerCount(workers: Settings["workers"]): number {
  if (workers !== "auto") return workers;
  if (Deno.build.os !== "linux") return 1;
  return Math.min(navigator.hardwareConcurrency, MOST_AUTOMATIC_WORKERS);
}

function workerConfig(
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
    maxBodyBytes: settings.max_request_body,
    upstreamHttp2: settings.upstream_http2,
    upstreamCaCerts: settings.upstream_ca_file === undefined
      ? []
      : [Deno.readTextFileSync(settings.upstream_ca_file)],
  };
}

function upstreamCredential({ upstream_auth: auth }: Settings): UpstreamCredential {
  return { kind: "api_key", key: auth.api_key, header: auth.header };
}

function logRequest(record: RequestRecord): void {
  accessLog.info(
    "request",
    withoutUndefined({
      method: record.method,
      path: record.path,
      status: record.status,
      ms: Math.round(record.totalMs),
      first_byte_ms: Math.round(record.firstByteMs),
      request_bytes: record.requestBytes,
      response_bytes: record.responseBytes,
      client: record.client,
      aborted: record.aborted || undefined,
      error: record.code,
      detail: record.detail,
      worker: record.worker,
    }),
  );
}

function withoutUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Whether a promise settled within a time, in milliseconds. */
async function within(milliseconds: number, promise: Promise<void>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, milliseconds, false);
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
