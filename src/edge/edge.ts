/**
 * The proxy in one isolate that somebody else serves: `deno serve`, and hosts like Deno Deploy. The
 * same request path, without workers, files or TLS.
 *
 * @module
 */
import type { LoadedSettings } from "../config/load/load.ts";
import type { Settings, UpstreamAuthSettings } from "../config/schema/settings.ts";
import { secretValues } from "../config/load/loaded_settings.ts";
import { log } from "../logging/logger.ts";
import { type LogOutput, startLogging, stopLogging } from "../logging/logging.ts";
import { logRequest } from "../supervisor/access_log.ts";
import { CredentialHolder } from "../credentials/holder.ts";
import { createProvider } from "../credentials/providers/registry.ts";
import { CredentialSource } from "../credentials/source.ts";
import type { WorkerConfig } from "../ipc/messages.ts";
import { netAddress } from "../net/address.ts";
import { environmentProxy } from "../net/environment_proxy.ts";
import { proxyDeps } from "../worker/proxy_deps.ts";
import { CUT_OFF_TIMEOUT, RequestTracker } from "../worker/tracker.ts";
import { endingSignal } from "../supervisor/signals.ts";
import { readUpstreamTls } from "../tls/upstream_tls.ts";
import { within } from "../time/within.ts";
import { startNotes } from "../supervisor/start_notes.ts";
import { workerConfig } from "../supervisor/worker_config.ts";
import { loadEdgeSettings } from "./edge_settings.ts";

/** Answers a request of `deno serve`. */
export type EdgeHandler = (request: Request, info: Deno.ServeHandlerInfo) => Promise<Response>;

/** Where the proxy finds itself. */
export interface EdgeHost {
  /** Whether the host kills a process soon after it asks it to end. */
  readonly isHosted: boolean;
  /** Where it listens, if it says so. */
  readonly address: Deno.Addr | undefined;
}

/**
 * Starts the proxy with the settings in the environment.
 *
 * @throws {StartError} when they cannot be used
 */
export async function startEdge({ isHosted, address }: EdgeHost): Promise<EdgeHandler> {
  const loaded = await loadEdgeSettings(isHosted);
  const output = startLogging(loaded.settings.logging);
  output.hideSecrets(secretValues(loaded));
  for (const note of startNotes(loaded)) log.warn(note);
  const config = edgeConfig(loaded.settings);
  const tracker = trackerFor(config, loaded.settings.upstream_auth, output);
  void endWithSignal(tracker, loaded);
  log.info(`listening on ${urlOf(address)}`, { upstream: config.upstream.baseUrl });
  return (request, info) => tracker.handle(request, info);
}

function urlOf(address: Deno.Addr | undefined): string {
  return address !== undefined && "hostname" in address
    ? `http://${netAddress(address.hostname, address.port)}`
    : "the host's address";
}

function edgeConfig(settings: Settings): WorkerConfig {
  const listen = { hostname: settings.bind_address, port: settings.port };
  const { proxy, unread } = environmentProxy(settings.upstream_url);
  const isWayKnown = proxy === undefined && !unread;
  const connection = { tls: readUpstreamTls(settings), workerProxy: undefined, isWayKnown };
  return { ...workerConfig(settings, listen, connection), worker: 1 };
}

/** Supervisor and worker in one: the credential's source and its holder talk without messages. */
function trackerFor(
  config: WorkerConfig,
  auth: UpstreamAuthSettings,
  output: LogOutput,
): RequestTracker {
  const source = new CredentialSource({
    auth,
    create: createProvider,
    send: (message) => holder.receive(message),
    watch: { acquired: (token) => output.hideToken(token), failed: () => {} },
  });
  const holder = new CredentialHolder({
    issued: undefined,
    timeoutMs: config.upstream.tokenTimeoutMs,
    post: (message) => source.receive(message),
  });
  source.start();
  return new RequestTracker({
    config,
    deps: proxyDeps(config, holder),
    onInFlight: () => {},
    onRecord: logRequest,
  });
}

/** Deno closes the listener at the first signal by itself, and would wait for streams for ever. */
async function endWithSignal(
  tracker: RequestTracker,
  { settings }: LoadedSettings,
): Promise<void> {
  const signal = await endingSignal();
  log.info("draining", { signal, timeout_seconds: settings.shutdown_timeout });
  if (!await within(settings.shutdown_timeout * 1000, tracker.drain())) {
    log.warn("cutting off requests still running after shutdown_timeout");
    await within(CUT_OFF_TIMEOUT, tracker.cutOff());
  }
  log.info("stopped");
  await stopLogging();
  Deno.exit(0);
}
