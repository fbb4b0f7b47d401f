import { type AdminServer, startAdmin } from "../admin/admin_server.ts";
import { Metrics } from "../admin/metrics.ts";
import { StartError } from "../config/load/start_error.ts";
import type { LoadedSettings } from "../config/load/load.ts";
import { secretValues } from "../config/load/loaded_settings.ts";
import type { Settings } from "../config/schema/settings.ts";
import { log, type LogOutput, startLogging, stopLogging } from "../logging/logging.ts";
import { netAddress } from "../net/address.ts";
import { preflight } from "./preflight.ts";
import { Reloader } from "./reload.ts";
import { CUT_OFF_TIMEOUT } from "../worker/tracker.ts";
import { cannotListen, type Service, startService } from "./service.ts";
import { endingSignal, onReloadSignal } from "./signals.ts";
import { openUpstreamRoute, type UpstreamRoute } from "./upstream_connection.ts";
import { readUpstreamTls } from "../tls/upstream_tls.ts";
import { within } from "../time/within.ts";
import { workerConfig } from "./worker_config.ts";
import type { WorkerPoolOptions } from "./worker_pool.ts";

/** What {@linkcode serve} can be told besides the settings. */
export interface ServeOptions extends Pick<WorkerPoolOptions, "module"> {
  /** Loads the settings again, on SIGHUP. @default {they stay as they are} */
  readonly reload?: () => Promise<LoadedSettings>;
}

/**
 * Runs the proxy until a signal ends it.
 *
 * @returns the exit code: 0 after a clean end, 1 when it could not listen, 2 when a permission is
 * missing
 */
export async function serve(loaded: LoadedSettings, options: ServeOptions = {}): Promise<number> {
  const { missing, excess } = preflight(loaded);
  if (missing !== undefined) {
    console.error(missing);
    return 2;
  }
  const output = await startLogging(loaded.settings.logging);
  output.hideSecrets(secretValues(loaded));
  try {
    for (const note of loaded.notes) log.warn(note);
    // What a compiled program is allowed was settled when it was made.
    if (excess !== undefined && !Deno.build.standalone) log.warn(excess);
    return await run(loaded, output, options);
  } finally {
    await stopLogging(output);
  }
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
  const opened = openRoute(loaded.settings);
  if (opened === undefined) return 2;
  await using route = opened;
  const metrics = new Metrics({ droppedLines: () => output.droppedLines });
  const service = await startService({
    settings: loaded.settings,
    route,
    metrics,
    output,
    module: options.module,
  });
  if (service === undefined) return 1;
  const reloader = new Reloader({
    loaded,
    load: options.reload ?? (() => Promise.resolve(loaded)),
    apply: (next) => apply(next, service, output),
    onReload: (succeeded) => metrics.reloaded(succeeded),
  });
  const admin = listenForAdmin(() => reloader.loaded, metrics);
  if (admin !== "failed") {
    started.resolve(reloader);
    await drain(await ended, service, reloader.loaded.settings.shutdown_timeout);
    await admin?.shutdown();
  }
  await service.certificates?.stop();
  service.pool.stop();
  if (admin === "failed") return 1;
  log.info("stopped");
  return 0;
}

/** The way to the upstream, or none and the complaints about the settings in the log. */
function openRoute(settings: Settings): UpstreamRoute | undefined {
  try {
    return openUpstreamRoute(settings);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    for (const complaint of error.complaints) log.error(complaint);
    return undefined;
  }
}

/** @param timeout seconds that running requests get */
async function drain(signal: Deno.Signal, service: Service, timeout: number): Promise<void> {
  log.info("draining", { signal, timeout_seconds: timeout });
  const upkeepEnded = service.certificates?.stop();
  if (!await within(timeout * 1000, service.pool.drain())) {
    log.warn("cutting off requests still running after shutdown_timeout");
    await within(CUT_OFF_TIMEOUT, service.pool.cutOff());
  }
  await upkeepEnded;
}

/** Has everything that runs follow new settings. What can fail comes first. */
async function apply(
  loaded: LoadedSettings,
  { pool, credentials, certificates, route }: Service,
  output: LogOutput,
): Promise<void> {
  const { settings } = loaded;
  const { missing } = preflight(loaded);
  if (missing !== undefined) throw new Error(missing);
  const tls = readUpstreamTls(settings);
  const config = workerConfig(settings, pool.listen, { ...route, tls });
  output.hideSecrets(secretValues(loaded));
  output.configure(settings.logging);
  credentials.change(settings.upstream_auth);
  await Promise.all([pool.reload(config), certificates?.reloadCertificates()]);
}

function listenForAdmin(
  loaded: () => LoadedSettings,
  metrics: Metrics,
): AdminServer | "failed" | undefined {
  const { bind_address: hostname, port } = loaded().settings.admin;
  if (port === undefined) return undefined;
  try {
    const admin = startAdmin({ hostname, port, loaded, metrics });
    log.info(`metrics and status page on http://${netAddress(hostname, admin.port)}`);
    return admin;
  } catch (error) {
    cannotListen(hostname, port, error);
    return "failed";
  }
}
