/**
 * A request worker: the only code that faces the network, and it may do nothing else. Its
 * permissions are set by the supervisor, see `worker_permissions.ts`.
 *
 * @module
 */
import { CredentialHolder } from "../credentials/holder.ts";
import type { IssuedCredential } from "../credentials/messages.ts";
import type { CertificatePair, FromWorker, ToWorker, WorkerConfig } from "../ipc/messages.ts";
import type { ProxyDeps } from "../proxy/handler.ts";
import { proxyDeps } from "./proxy_deps.ts";
import { ReportBatch } from "./report_batch.ts";
import { RequestServer } from "./server.ts";

const supervisor = self as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: (event: MessageEvent<ToWorker>) => void;
};

let reports: ReportBatch;
let holder: CredentialHolder;
let deps: ProxyDeps;
let server: RequestServer | undefined;

supervisor.onmessage = ({ data: message }) => {
  switch (message.type) {
    case "start":
      return start(message.config, message.credential, message.certificate);
    case "reload":
      return reload(message.config);
    case "certificate":
      return useCertificate(message.certificate);
    case "drain":
      return void drain();
    case "close":
      return void close();
    case "cut_off":
      return void cutOff();
    default:
      return holder.receive(message);
  }
};

function start(
  config: WorkerConfig,
  issued: IssuedCredential | undefined,
  certificate: CertificatePair | undefined,
): void {
  const post = (message: FromWorker) => supervisor.postMessage(message);
  holder = new CredentialHolder({ issued, timeoutMs: config.upstream.tokenTimeoutMs, post });
  reports = new ReportBatch(config.worker, (report) => post({ type: "requests", ...report }));
  try {
    deps = proxyDeps(config, holder);
    server = new RequestServer({
      config,
      certificate,
      deps,
      onInFlight: (count) => reports.inFlight(count),
      onRecord: (record) => reports.add(record),
      onListenerLost: (reason) => post({ type: "listener_lost", reason }),
      onUnrecovered: (reason) => post({ type: "failed", reason }),
    });
  } catch (error) {
    return post({ type: "failed", reason: String(error) });
  }
  post({ type: "listening" });
}

function useCertificate(certificate: CertificatePair): void {
  try {
    server?.useCertificate(certificate);
    supervisor.postMessage({ type: "certificate_done" });
  } catch (error) {
    supervisor.postMessage({ type: "certificate_done", refused: String(error) });
  }
}

function reload(config: WorkerConfig): void {
  holder.setPatience(config.upstream.tokenTimeoutMs);
  deps = proxyDeps(config, holder, deps);
  server?.reload(deps, config.recordHeaders);
  supervisor.postMessage({ type: "reloaded" });
}

async function drain(): Promise<void> {
  await server?.drain();
  reports.flush();
  supervisor.postMessage({ type: "drained" });
}

async function close(): Promise<void> {
  await server?.close();
  reports.flush();
  supervisor.postMessage({ type: "closed" });
}

async function cutOff(): Promise<void> {
  const told = server?.cutOff();
  reports.flush();
  await told;
  supervisor.postMessage({ type: "cut_off" });
}
