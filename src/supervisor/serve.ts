import { Metrics } from "../admin/metrics.ts";
import type { LoadedSettings } from "../config/load/load.ts";
import { secretValues } from "../config/load/loaded_settings.ts";
import { log } from "../logging/logger.ts";
import { type LogOutput, startLogging } from "../logging/logging.ts";
import { AdminListener } from "./admin_listener.ts";
import { requirePermissions } from "./preflight.ts";
import { warnOfInspector } from "./inspector.ts";
import { Reloader } from "./reload.ts";
import { CUT_OFF_TIMEOUT } from "../worker/tracker.ts";
import { Handover, type HandoverParts, type Successor, takePort } from "./handover.ts";
import { type Service, startService } from "./service.ts";
import { endingSignal, onReloadSignal } from "./signals.ts";
import { startNotes } from "./start_notes.ts";
import { openUpstreamConnection, type UpstreamConnection } from "./upstream_connection.ts";
import { readUpstreamTls } from "../tls/upstream_tls.ts";
import { within } from "../time/within.ts";
import { workerConfig } from "./worker_config.ts";
import type { LostThread, WorkerPoolOptions } from "./worker_pool.ts";

/**
 * The exit code when a dead worker's thread goes on: EX_SOFTWARE of sysexits.h. Whatever runs the
 * program is to start it afresh.
 */
const LOST_THREAD = 70;

/** What {@linkcode serve} can be told besides the settings. */
export interface ServeOptions extends Pick<WorkerPoolOptions, "module" | "patienceMs"> {
  /** Loads the settings again, on SIGHUP. @default {they stay as they are} */
  readonly reload?: () => Promise<LoadedSettings>;
}

/**
 * Runs the proxy until a signal ends it.
 *
 * @returns the exit code: 0 of a clean end, 70 of one to be followed by a start, see
 * {@linkcode WorkerPool.lost}
 * @throws {StartError} when it cannot start; once logging has begun it is left on, to say why
 */
export async function serve(loaded: LoadedSettings, options: ServeOptions = {}): Promise<number> {
  const warnings = requirePermissions(loaded);
  const output = startLogging(loaded.settings.logging);
  output.hideSecrets(secretValues(loaded));
  log.info("settings read", { file: loaded.filePath ?? "none" });
  for (const warning of [...startNotes(loaded), ...warnings]) log.warn(warning);
  const exitCode = await run(loaded, output, options);
  log.info("stopped", exitCode === 0 ? {} : { exit_code: exitCode });
  return exitCode;
}

async function run(
  loaded: LoadedSettings,
  output: LogOutput,
  options: ServeOptions,
): Promise<number> {
  const ended = endingSignal();
  const started = Promise.withResolvers<Reloader>();
  // Before anything else: until then the signal ends the process.
  onReloadSignal(() => void started.promise.then((reloader) => reloader.reload()));
  await using connection = openUpstreamConnection(loaded.settings);
  for (const note of connection.notes) log.warn(note);
  const metrics = new Metrics({
    droppedLines: () => output.droppedLines,
    scrub: (text) => output.scrubbed(text),
  });
  using lock = await takePort(loaded.settings);
  await using service = await startService({
    settings: loaded.settings,
    connection,
    metrics,
    output,
    isHandedOver: lock?.isHandedOver ?? false,
    module: options.module,
    patienceMs: options.patienceMs,
  });
  const reloader = new Reloader({
    loaded,
    load: options.reload ?? (() => Promise.resolve(loaded)),
    apply: (next) => apply(next, service, connection, output),
    onReload: (succeeded) => metrics.reloaded(succeeded),
  });
  await using admin = new AdminListener(() => reloader.loaded, metrics);
  admin.open();
  using handover = lock && new Handover(lock, handoverParts(admin, service, loaded));
  started.resolve(reloader);
  void warnOfInspector();
  const { pool } = service;
  void pool.lost.then((lost) =>
    log.error("a dead worker's thread goes on: the program exits", { ...lost })
  );
  const causes = [ended, pool.lost, ...handover ? [handover.done] : []];
  return await end(await Promise.race(causes), { service, reloader, metrics, handover });
}

/** Admin port and challenge port are one process's; whoever renews the certificate has the latter. */
function handoverParts(
  admin: AdminListener,
  { certificates }: Service,
  { settings: { tls } }: LoadedSettings,
): HandoverParts {
  const isAcme = tls.mode === "acme";
  return {
    async release() {
      await Promise.all([admin.close(), isAcme && certificates?.stop()]);
    },
    resume() {
      admin.open();
      if (isAcme) log.error("the certificate is not renewed until the next start");
    },
  };
}

/** What runs until the end. */
interface Running {
  readonly service: Service;
  readonly reloader: Reloader;
  readonly metrics: Metrics;
  readonly handover: Handover | undefined;
}

/** @returns the exit code */
async function end(
  cause: Deno.Signal | Successor | LostThread,
  { service, reloader, metrics, handover }: Running,
): Promise<number> {
  const { shutdown_timeout } = reloader.loaded.settings;
  if (typeof cause === "string") {
    metrics.drains(shutdown_timeout);
    const fields = cause === "successor" ? { reason: cause } : { signal: cause };
    await drain(fields, service, shutdown_timeout, handover);
    return 0;
  }
  const timeout = cause.urgent ? 0 : Math.min(shutdown_timeout, service.pool.patienceMs / 1000);
  metrics.drains(timeout);
  await drain(cause, service, timeout);
  return LOST_THREAD;
}

/**
 * Refuses new requests, or leaves them to a successor if there is one, and has the running ones end.
 *
 * @param timeout seconds that running requests get
 */
async function drain(
  cause: object,
  { pool, certificates }: Service,
  timeout: number,
  handover?: Handover,
): Promise<void> {
  log.info("draining", { ...cause, timeout_seconds: timeout });
  const upkeepEnded = certificates?.stop();
  const ending = await handover?.succeeded() ? pool.leave() : pool.drain();
  void handover?.done.then(() => pool.leave());
  const hurried = pool.lost.then(() => within(pool.patienceMs, ending));
  if (!await Promise.race([within(timeout * 1000, ending), hurried])) {
    log.warn("cutting off requests that still run");
    await within(CUT_OFF_TIMEOUT, pool.cutOff());
  }
  await upkeepEnded;
}

/** Has everything that runs follow new settings. What can fail comes first. */
async function apply(
  loaded: LoadedSettings,
  { pool, memory, credentials, certificates }: Service,
  connection: UpstreamConnection,
  output: LogOutput,
): Promise<void> {
  const { settings } = loaded;
  requirePermissions(loaded);
  const tls = readUpstreamTls(settings);
  const config = workerConfig(settings, pool.listen, { ...connection, tls });
  output.hideSecrets(secretValues(loaded));
  output.configure(settings.logging);
  memory.limit = settings.memory_limit;
  credentials.change(settings.upstream_auth);
  await Promise.all([pool.reload(config), certificates?.reloadCertificates()]);
}
