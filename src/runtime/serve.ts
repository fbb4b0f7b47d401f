import { ConfigError } from "../config/config_error.ts";
import type { LoadedSettings } from "../config/load.ts";
import type { Settings } from "../config/settings.ts";
import { accessLog, log, startLogging } from "../logging/logging.ts";
import { netAddress } from "../permissions/needs.ts";
import { preflight } from "../permissions/preflight.ts";
import type { CertificateSource } from "../tls/certificate_source.ts";
import { listeningPort } from "../tls/listening_port.ts";
import { openCertificateSource } from "../tls/open.ts";
import { createCredentialSource } from "./credential_source.ts";
import type { RequestRecord, WorkerConfig } from "./messages.ts";
import { endingSignal, onReloadSignal } from "./signals.ts";
import { certificateReporter, openUpstreamRoute, type UpstreamRoute } from "./upstream_route.ts";
import { workerConfig } from "./worker_config.ts";
import { WorkerPool, type WorkerPoolOptions } from "./worker_pool.ts";
import { workerPermissions } from "./worker_permissions.ts";

/** Milliseconds that WebSocket clients get to answer that we go away. */
const CUT_OFF_TIMEOUT = 2_000;

/** Most workers that `workers = "auto"` starts. */
const MOST_AUTOMATIC_WORKERS = 4;

/** What tests of {@linkcode serve} may put in the place of the real thing. */
export type ServeOptions = Pick<WorkerPoolOptions, "module">;

/**
 * Runs the proxy until a signal ends it.
 *
 * @returns the exit code: 0 after a clean end, 1 when it could not listen, 2 when a permission is
 * missing
 */
export async function serve(loaded: LoadedSettings, options: ServeOptions = {}): Promise<number> {
  const { settings, notes } = loaded;
  const { missing, excess } = preflight(loaded);
  if (missing !== undefined) {
    console.error(missing);
    return 2;
  }
  const stopLogging = await startLogging(settings.logging);
  try {
    for (const note of notes) log.warn(note);
    // What a compiled program is allowed was settled when it was made.
    if (excess !== undefined && !Deno.build.standalone) log.warn(excess);
    return await run(settings, options);
  } finally {
    await stopLogging();
  }
}

async function run(settings: Settings, options: ServeOptions): Promise<number> {
  const ended = endingSignal();
  const opened = openRoute(settings);
  if (opened === undefined) return 2;
  await using route = opened;
  const certificates = await openCertificateSource(settings, log);
  if (certificates === "failed") return 1;
  const pool = await startPool(settings, route, certificates, options);
  if (pool === undefined) {
    await certificates?.stop();
    return 1;
  }
  if (certificates !== undefined) keepCertificate(certificates, pool);
  const signal = await ended;
  log.info("draining", { signal, timeout_seconds: settings.shutdown_timeout });
  const upkeepEnded = certificates?.stop();
  const finished = await within(settings.shutdown_timeout * 1000, pool.drain());
  if (!finished) {
    log.warn("cutting off requests still running after shutdown_timeout");
    await within(CUT_OFF_TIMEOUT, pool.cutOff());
  }
  pool.stop();
  await upkeepEnded;
  log.info("stopped");
  return 0;
}

/** The way to the upstream, or none and the complaints about the settings in the log. */
function openRoute(settings: Settings): UpstreamRoute | undefined {
  try {
    return openUpstreamRoute(settings);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const complaint of error.complaints) log.error(complaint);
    return undefined;
  }
}

/** Has the pool serve what the source comes to hold, and the source look again on SIGHUP. */
function keepCertificate(certificates: CertificateSource, pool: WorkerPool): void {
  onReloadSignal(() => void certificates.reloadCertificates());
  certificates.start((certificate) => pool.useCertificate(certificate));
}

async function startPool(
  settings: Settings,
  route: UpstreamRoute,
  certificates: CertificateSource | undefined,
  options: ServeOptions,
): Promise<WorkerPool | undefined> {
  const { port } = listeningPort(settings);
  const reportCertificate = certificateReporter(settings.upstream_url, route.proxy);
  try {
    const listen = freeAddress(settings.bind_address, port);
    const source = createCredentialSource(
      settings.upstream_auth,
      (message) => pool.broadcast(message),
    );
    const pool = new WorkerPool({
      ...options,
      count: workerCount(settings.workers),
      config: workerConfig(settings, listen, route),
      permissions: workerPermissions({
        listen,
        upstreamUrl: settings.upstream_url,
        proxyAddress: route.workerProxy && new URL(route.workerProxy.url).host,
      }),
      credential: () => source.current,
      onCredential: (message) => source.receive(message),
      certificate: certificates?.current,
      onCertificateRefused: (refusal) => log.error("new certificate not served", { ...refusal }),
      onRequests: (records) =>
        records.forEach((record) => {
          logRequest(record);
          reportCertificate(record.detail);
        }),
      onDeath: (death) => log.error("worker died and will be replaced", { ...death }),
    });
    await pool.start();
    const scheme = certificates === undefined ? "http" : "https";
    log.info(`listening on ${scheme}://${netAddress(listen.hostname, listen.port)}`, {
      upstream: settings.upstream_url,
      workers: workerCount(settings.workers),
    });
    return pool;
  } catch (error) {
    log.error("cannot listen", {
      address: netAddress(settings.bind_address, port),
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
