/**
 * A request worker: the only code that faces the network, and it may do nothing else. Its
 * permissions are set by the supervisor, see `worker_permissions.ts`.
 *
 * @module
 */
import type { CertificatePair } from "../tls/certificate.ts";
import { CredentialHolder } from "./credential_holder.ts";
import type { IssuedCredential } from "./credential_messages.ts";
import { dialer } from "./dial.ts";
import type { FromWorker, RequestRecord, ToWorker, WorkerConfig } from "./messages.ts";
import { proxyDeps } from "./proxy_deps.ts";
import { RequestServer } from "./request_server.ts";

/** Milliseconds that access records are held back to be posted together. */
const RECORD_BATCH = 20;

const supervisor = self as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: (event: MessageEvent<ToWorker>) => void;
};

let server: RequestServer | undefined;
let holder: CredentialHolder | undefined;
let records: RequestRecord[] = [];

supervisor.onmessage = ({ data: message }) => {
  switch (message.type) {
    case "start":
      return start(message.config, message.credential, message.certificate);
    case "certificate":
      return useCertificate(message.certificate);
    case "drain":
      return void drain();
    case "cut_off":
      return void cutOff();
    default:
      return holder?.receive(message);
  }
};

function start(
  config: WorkerConfig,
  issued: IssuedCredential | undefined,
  certificate: CertificatePair | undefined,
): void {
  const post = (message: FromWorker) => supervisor.postMessage(message);
  holder = new CredentialHolder({ issued, timeoutMs: config.tokenTimeoutMs, post });
  try {
    server = serve(config, holder, certificate);
  } catch (error) {
    supervisor.postMessage({ type: "failed", reason: String(error) });
    return;
  }
  supervisor.postMessage({ type: "listening" });
}

function useCertificate(certificate: CertificatePair): void {
  try {
    server?.useCertificate(certificate);
    supervisor.postMessage({ type: "certificate_done" });
  } catch (error) {
    supervisor.postMessage({ type: "certificate_done", refused: String(error) });
  }
}

function serve(
  config: WorkerConfig,
  holder: CredentialHolder,
  certificate: CertificatePair | undefined,
): RequestServer {
  return new RequestServer({
    config,
    certificate,
    onRecord: record,
    dial: dialer(config),
    deps: {
      ...proxyDeps(config),
      credential: () => holder.credential(),
      onRefused: (credential, status) => holder.refused(credential, status),
      isReady: () => holder.isAtHand,
    },
  });
}

function record(request: RequestRecord): void {
  if (records.length === 0) setTimeout(postRecords, RECORD_BATCH);
  records.push(request);
}

function postRecords(): void {
  if (records.length > 0) supervisor.postMessage({ type: "requests", records });
  records = [];
}

async function drain(): Promise<void> {
  await server?.drain();
  postRecords();
  supervisor.postMessage({ type: "drained" });
}

async function cutOff(): Promise<void> {
  await server?.cutOff();
  postRecords();
  supervisor.postMessage({ type: "cut_off" });
}
