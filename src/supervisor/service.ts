import { certificateExpiry } from "../admin/certificate_expiry.ts";
import type { Metrics } from "../admin/metrics.ts";
import type { Settings } from "../config/schema/settings.ts";
import { log, type LogOutput } from "../logging/logging.ts";
import { netAddress } from "../net/address.ts";
import type { CertificateSource } from "../tls/certificate_source.ts";
import { listeningPort } from "../tls/listening_port.ts";
import { openCertificateSource } from "../tls/open.ts";
import { logRequest } from "./access_log.ts";
import type { TokenWatch } from "../credentials/source.ts";
import { CredentialSwitch } from "../credentials/credential_switch.ts";
import type { WorkerConfig } from "../ipc/messages.ts";
import { certificateReporter, type UpstreamRoute } from "./upstream_connection.ts";
import { workerConfig, workerCount } from "./worker_config.ts";
import { WorkerPool, type WorkerPoolOptions } from "./worker_pool.ts";
import { workerPermissions } from "./worker_permissions.ts";

/** What serves requests. */
export interface Service {
  readonly pool: WorkerPool;
  readonly credentials: CredentialSwitch;
  readonly certificates: CertificateSource | undefined;
  readonly route: UpstreamRoute;
}

/** What a {@linkcode Service} is made from. */
export interface ServiceOptions {
  readonly settings: Settings;
  readonly route: UpstreamRoute;
  readonly metrics: Metrics;
  readonly output: LogOutput;
  /** What the workers run, if not what they usually do. */
  readonly module: WorkerPoolOptions["module"];
}

/**
 * Starts everything that serves requests.
 *
 * @returns `undefined` when it cannot be; the log says why
 */
export async function startService(
  { settings, route, metrics, output, module }: ServiceOptions,
): Promise<Service | undefined> {
  const certificates = await openCertificateSource(settings, log);
  if (certificates === "failed") return undefined;
  const { port } = listeningPort(settings);
  const reportCertificate = certificateReporter(settings.upstream_url, route);
  try {
    const listen = freeAddress(settings.bind_address, port);
    const count = workerCount(settings.workers);
    const credentials = new CredentialSwitch(
      settings.upstream_auth,
      (message) => pool.broadcast(message),
      tokenWatch(metrics, output),
      route.tls.caCerts,
    );
    const pool = new WorkerPool({
      ...(module && { module }),
      count,
      config: workerConfig(settings, listen, route),
      permissions: workerPermissions({
        listen,
        upstreamUrl: settings.upstream_url,
        proxyAddress: route.workerProxy && new URL(route.workerProxy.url).host,
      }),
      credential: () => credentials.current,
      certificate: certificates?.current,
      supervisor: (worker) => ({
        requests: (report) => {
          metrics.report(report);
          for (const record of report.records) {
            logRequest(record);
            reportCertificate(record.detail);
          }
        },
        credential: (message) => credentials.receive(message),
        certificateRefused: (reason) => log.error("new certificate not served", { worker, reason }),
        listenerLost: (reason) =>
          log.error("connections could not be accepted; idle ones are closed to make room", {
            worker,
            reason,
          }),
      }),
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
  metrics.certificateServed(certificateExpiry(certificates.current.cert));
  certificates.start(async (certificate) => {
    await pool.useCertificate(certificate);
    metrics.certificateServed(certificateExpiry(certificate.cert));
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

/** Tells the log that an address could not be listened on. */
export function cannotListen(hostname: string, port: number, error: unknown): void {
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
