/**
 * A request worker: the only code that faces the network, and it may do nothing else. Its
 * permissions are set by the supervisor, see `worker_permissions.ts`.
 *
 * @module
 */
import type { CertificatePair } from "../tls/certificate.ts";
import { CredentialHolder } from "../credentials/holder.ts";
import type { IssuedCredential } from "../credentials/messages.ts";
import { dialer } from "../net/dial.ts";
import type { FromWorker, ToWorker, WorkerConfig } from "../ipc/messages.ts";
import { createTransport, proxyDeps } from "../upstreams/transport.ts";
import { ReportBatch } from "./report_batch.ts";
import { RequestServer } from "./server.ts";
import type { ServerDeps } from "./tracker.ts";
import { UpstreamClient } from "../upstreams/upstream_client.ts";

const supervisor = self as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: (event: MessageEvent<ToWorker>) => void;
};

const upstreamClient = new UpstreamClient();
let reports: ReportBatch;
let holder: CredentialHolder;
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
  holder = new CredentialHolder({ issued, timeoutMs: config.tokenTimeoutMs, post });
  reports = new ReportBatch(config.worker, (report) => post({ type: "requests", ...report }));
  try {
    server = new RequestServer({
      config,
      certificate,
      deps: serverDeps(config),
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
  holder.setPatience(config.tokenTimeoutMs);
  server?.reload(serverDeps(config), config.recordHeaders);
  supervisor.postMessage({ type: "reloaded" });
}

function serverDeps(config: WorkerConfig): ServerDeps {
  const transport = createTransport(config, upstreamClient.for(config));
  return {
    ...proxyDeps(config, transport),
    dial: dialer(config),
    credential: () => holder.get(),
    onRefused: (credential, status) => holder.refused(credential, status),
    isReady: () => holder.isAtHand,
  };
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
