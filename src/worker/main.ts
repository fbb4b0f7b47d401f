/**
 * A request worker: the only code that faces the network, and it may do nothing else. Its
 * permissions are set by the supervisor, see `worker_permissions.ts`.
 *
 * @module
 */
import { CredentialHolder } from "../credentials/holder.ts";
import type { Channel } from "../ipc/channel.ts";
import type { RequestWorker, Supervisor, WorkerStart } from "../ipc/messages.ts";
import { supervisorChannel } from "../ipc/supervisor_channel.ts";
import type { ProxyDeps } from "../proxy/handler.ts";
import { paced } from "./paced.ts";
import { proxyDeps } from "./proxy_deps.ts";
import { ReportBatch } from "./report_batch.ts";
import { RequestServer } from "./server.ts";

/**
 * Milliseconds in which the loss of a listener is told once: who takes every descriptor there is makes
 * it happen some twenty times a second, and each is a line of the log.
 */
const LOSS_PACE = 1_000;

let reports: ReportBatch;
let holder: CredentialHolder;
let deps: ProxyDeps;
let server: RequestServer;

const supervisor: Channel<Supervisor, RequestWorker> = supervisorChannel({
  start,
  reload(config) {
    holder.setPatience(config.upstream.tokenTimeoutMs);
    deps = proxyDeps(config, holder, deps);
    server.reload({ config, deps });
  },
  certificate(certificate) {
    try {
      server.useCertificate(certificate);
    } catch (error) {
      supervisor.tell("certificateRefused", String(error));
    }
  },
  credential: (message) => holder.receive(message),
  async drain() {
    await server.drain();
    await reports.flushed();
  },
  async leave() {
    await server.leave();
    await reports.flushed();
  },
  async close() {
    await server.close();
    await reports.flushed();
  },
  async cutOff() {
    await Promise.all([server.cutOff(), reports.flushed()]);
  },
});

function start({ config, credential, certificate }: WorkerStart): void {
  holder = new CredentialHolder({
    issued: credential,
    timeoutMs: config.upstream.tokenTimeoutMs,
    post: paced((message) => supervisor.tell("credential", message)),
  });
  reports = new ReportBatch(config.worker, (report) => supervisor.call("requests", report));
  deps = proxyDeps(config, holder);
  server = new RequestServer({
    config,
    certificate,
    deps,
    onInFlight: (requests, webSockets) => reports.inFlight(requests, webSockets),
    onRecord: (record) => reports.add(record),
    onListenerLost: paced((reason) => supervisor.tell("listenerLost", reason), LOSS_PACE),
    onUnrecovered: (reason) => supervisor.tell("failed", reason),
  });
}
