import { type AdminServer, startAdmin } from "../admin/admin_server.ts";
import { Metrics } from "../admin/metrics.ts";
import { ConfigError } from "../config/config_error.ts";
import { secretValues } from "../config/secret_values.ts";
import type { LoadedSettings } from "../config/load.ts";
import type { Settings } from "../config/settings.ts";
import { log, startLogging, stopLogging } from "../logging/logging.ts";
import type { LogOutput } from "../logging/log_output.ts";
import { netAddress } from "../permissions/needs.ts";
import { preflight } from "../permissions/preflight.ts";
import { logRequest } from "./access_log.ts";
import { certificateClock } from "../admin/certificate_clock.ts";
import type { CertificateSource } from "../tls/certificate_source.ts";
import { listeningPort } from "../tls/listening_port.ts";
import { openCertificateSource } from "../tls/open.ts";
import type { TokenWatch } from "./credential_source.ts";
import { CredentialSwitch } from "./credential_switch.ts";
import type { WorkerConfig } from "./messages.ts";
import { Reloader } from "./reload.ts";
import { CUT_OFF_TIMEOUT } from "./request_tracker.ts";
import { endingSignal, onReloadSignal } from "./signals.ts";
import { certificateReporter, openUpstreamRoute, type UpstreamRoute } from "./upstream_route.ts";
import { readUpstreamTls } from "./upstream_tls.ts";
import { within } from "./within.ts";
import { workerConfig, workerCount } from "./worker_config.ts";
import { WorkerPool, type WorkerPoolOptions } from "./worker_pool.ts";
import { workerPermissions } from "./worker_permissions.ts";

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
  const opened = openRoute(loaded.settings);
  if (opened === undefined) return 2;
  await using route = opened;
  const metrics = new Metrics({ droppedLines: () => output.droppedLines });
  const service = await startService({
    settings: loaded.settings,
    route,
    metrics,
    output,
    options,
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
    onReloadSignal(() => void reloader.reload());
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
    if (!(error instanceof ConfigError)) throw error;
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

/** What serves requests. */
interface Service {
  readonly pool: WorkerPool;
  readonly credentials: CredentialSwitch;
  readonly certificates: CertificateSource | undefined;
  readonly route: UpstreamRoute;
}

/** What a {@linkcode Service} is made from. */
interface ServiceOptions {
  readonly settings: Settings;
  readonly route: UpstreamRoute;
  readonly metrics: Metrics;
  readonly output: LogOutput;
  readonly options: ServeOptions;
}

async function startService(
  { settings, route, metrics, output, options }: ServiceOptions,
): Promise<Service | undefined> {
  const certificates = await openCertificateSource(settings, log);
  if (certificates === "failed") return undefined;
  const { port } = listeningPort(settings);
  const reportCertificate = certificateReporter(settings.upstream_url, route.proxy);
  try {
    const listen = freeAddress(settings.bind_address, port);
    const count = workerCount(settings.workers);
    const credentials = new CredentialSwitch(
      settings.upstream_auth,
      (message) => pool.broadcast(message),
      tokenWatch(metrics, output),
    );
    const pool = new WorkerPool({
      ...(options.module && { module: options.module }),
      count,
      config: workerConfig(settings, listen, route),
      permissions: workerPermissions({
        listen,
        upstreamUrl: settings.upstream_url,
        proxyAddress: route.workerProxy && new URL(route.workerProxy.url).host,
      }),
      credential: () => credentials.current,
      onCredential: (message) => credentials.receive(message),
      certificate: certificates?.current,
      onCertificateRefused: (refusal) => log.error("new certificate not served", { ...refusal }),
      onRequests: (report) => {
        metrics.report(report);
        for (const record of report.records) {
          logRequest(record);
          reportCertificate(record.detail);
        }
      },
      onDeath: (death) => {
        metrics.workerDied(death.worker);
        log.error("worker died and will be replaced", { ...death });
      },
    });
    metrics.startWorkers(count);
    await pool.start();
    const scheme = certificates === undefined ? "http" : "https";
    log.info(`listening on ${scheme}://${netAddress(listen.hostname, listen.port)}`, {
      upstream: settings.upstream_url,
      workers: count,
    });
    if (certificates !== undefined) keepCertificate(certificates, pool, metrics);
    return { pool, credentials, certificates, route };
  } catch (error) {
    await certificates?.stop();
    cannotListen(settings.bind_address, port, error);
    return undefined;
  }
}

/** Has the pool serve what the source comes to hold. */
function keepCertificate(
  certificates: CertificateSource,
  pool: WorkerPool,
  metrics: Metrics,
): void {
  metrics.certificateServed(certificateClock(certificates.current.cert));
  certificates.start(async (certificate) => {
    await pool.useCertificate(certificate);
    metrics.certificateServed(certificateClock(certificate.cert));
  });
}

function tokenWatch(metrics: Metrics, output: LogOutput): TokenWatch {
  return {
    acquired(token, expiresAt) {
      output.hideToken(token);
      metrics.tokenAcquired(expiresAt);
    },
    failed: () => metrics.tokenFailed(),
  };
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

function cannotListen(hostname: string, port: number, error: unknown): void {
  log.error("cannot listen", { address: netAddress(hostname, port), reason: String(error) });
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
