import type { Metrics } from "../admin/metrics.ts";
import type { Settings } from "../config/schema/settings.ts";
import { log } from "../logging/logger.ts";
import type { LogOutput } from "../logging/logging.ts";
import { netAddress } from "../net/address.ts";
import type { CertificateSource } from "../tls/certificate_source.ts";
import { openCertificateSource } from "../tls/open.ts";
import { logRequest } from "./access_log.ts";
import { createProvider } from "../credentials/providers/registry.ts";
import { CredentialSource, type TokenWatch } from "../credentials/source.ts";
import type { WorkerConfig } from "../ipc/messages.ts";
import { MemoryGuard } from "./memory_guard.ts";
import { cannotListen, freeAddress, listeningAddress } from "./listening_address.ts";
import { certificateReporter, type UpstreamConnection } from "./upstream_connection.ts";
import { workerConfig, workerCount } from "./worker_config.ts";
import { WorkerPool, type WorkerPoolOptions } from "./worker_pool.ts";
import { workerPermissions } from "./worker_permissions.ts";

/** What serves requests. To dispose of it ends it at once, running requests with it. */
export interface Service extends AsyncDisposable {
  readonly pool: WorkerPool;
  readonly memory: MemoryGuard;
  readonly credentials: CredentialSource;
  readonly certificates: CertificateSource | undefined;
}

/** What a {@linkcode Service} is made from. */
export interface ServiceOptions {
  readonly settings: Settings;
  readonly connection: UpstreamConnection;
  readonly metrics: Metrics;
  readonly output: LogOutput;
  /** Whether the port was handed over, by a process that still listens on it. */
  readonly isHandedOver: boolean;
  /** What the workers run, if not what they usually do. */
  readonly module: WorkerPoolOptions["module"];
  /** Milliseconds that a worker may be silent, if not what it usually may. */
  readonly patienceMs: WorkerPoolOptions["patienceMs"];
}

/**
 * Starts everything that serves requests.
 *
 * @throws {StartError} when there is no certificate to serve, or an address cannot be listened on
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { settings, connection, metrics, output, isHandedOver } = options;
  await using opened = new AsyncDisposableStack();
  const certificates = await openCertificateSource(settings, log);
  opened.defer(() => certificates?.stop());
  const listen = freeAddress(settings, isHandedOver);
  const { caCerts } = connection.tls;
  const credentials = new CredentialSource({
    auth: settings.upstream_auth,
    create: (auth) => createProvider(auth, { caCerts }),
    send: (message) => pool.broadcast(message),
    watch: tokenWatch(metrics, output),
  });
  opened.defer(() => credentials.stop());
  metrics.watchCredential(credentials);
  const pool = createPool(options, { listen, credentials, certificate: certificates?.current });
  opened.defer(() => pool.stop());
  credentials.start();
  await startPool(pool, options);
  if (certificates !== undefined) keepCertificate(certificates, pool, metrics);
  const memory = guardMemory(pool, settings);
  opened.defer(() => memory.stop());
  const owned = opened.move();
  return {
    pool,
    memory,
    credentials,
    certificates,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What else a pool is made from. */
interface PoolParts extends Pick<WorkerPoolOptions, "certificate"> {
  readonly listen: WorkerConfig["listen"];
  readonly credentials: CredentialSource;
}

function createPool(
  options: ServiceOptions,
  { listen, credentials, certificate }: PoolParts,
): WorkerPool {
  const { settings, connection, metrics, module, patienceMs } = options;
  const config = workerConfig(settings, listen, connection);
  return new WorkerPool({
    ...(module && { module }),
    ...(patienceMs && { patienceMs }),
    count: workerCount(settings.workers),
    config,
    permissions: workerPermissions(config),
    credential: () => credentials.current,
    certificate,
    supervisor: supervisorFor(options, credentials),
    onDeath: (death) => {
      metrics.workerDied(death.worker);
      log.error("worker died and will be replaced", { ...death });
    },
  });
}

/** What is done for workers, each by its number. */
function supervisorFor(
  { connection, metrics }: ServiceOptions,
  credentials: CredentialSource,
): WorkerPoolOptions["supervisor"] {
  const reportCertificate = certificateReporter(connection);
  return (worker) => ({
    requests(report) {
      metrics.report(report);
      const { lost } = report;
      if (lost > 0) log.warn("more requests ended than could be counted", { worker, lost });
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
  });
}

async function startPool(
  pool: WorkerPool,
  { settings, connection, metrics }: ServiceOptions,
): Promise<void> {
  const { hostname, port } = pool.listen;
  const workers = workerCount(settings.workers);
  metrics.startWorkers(workers);
  try {
    await pool.start();
  } catch (error) {
    throw cannotListen({ ...listeningAddress(settings), port }, error);
  }
  const scheme = settings.tls.mode === "disabled" ? "http" : "https";
  log.info(`listening on ${scheme}://${netAddress(hostname, port)}`, {
    upstream: connection.url,
    workers,
  });
}

function guardMemory(pool: WorkerPool, { memory_limit: limit }: Settings): MemoryGuard {
  return new MemoryGuard({
    limit,
    workers: () => pool.loads,
    end: (worker, reason) => pool.endForMemory(worker, reason),
    onFailure: (held) =>
      log.error("memory stays above memory_limit though every worker was replaced", held),
  });
}

/** Has the pool serve what the source comes to hold. */
function keepCertificate(
  certificates: CertificateSource,
  pool: WorkerPool,
  metrics: Metrics,
): void {
  metrics.certificateServed(certificates.current);
  certificates.start(async (certificate) => {
    await pool.useCertificate(certificate);
    metrics.certificateServed(certificate);
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
