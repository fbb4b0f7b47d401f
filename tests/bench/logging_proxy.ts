/**
 * The supervisor's half of the proxy with more access records than this machine could cause by
 * requests: `logging_proxy.ts UPSTREAM_URL RECORDS_PER_SECOND LEVEL LOG_PATH`.
 *
 * @module
 */
import { Metrics } from "../../src/admin/metrics.ts";
import { startLogging } from "../../src/logging/logging.ts";
import { logRequest } from "../../src/supervisor/access_log.ts";
import type { RequestReport } from "../../src/ipc/messages.ts";
import { WorkerPool } from "../../src/supervisor/worker_pool.ts";
import { workerConfig } from "../kit/process/worker_config.ts";

const [upstreamUrl = "", records = "0", level = "", logPath = ""] = Deno.args;
const output = await startLogging({
  level: level === "info" ? "info" : "error",
  format: "text",
  rotation: "hourly",
  log_prefix: "bench",
  log_path: logPath,
});
output.hideSecrets(["a-client-key-0123456789", "an-upstream-key-0123456789"]);
const metrics = new Metrics({
  droppedLines: () => output.droppedLines,
  scrub: (text) => output.scrubbed(text),
});
const receive = (report: RequestReport) => {
  metrics.report(report);
  report.records.forEach(logRequest);
};
using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const listen = { hostname: "127.0.0.1", port: listener.addr.port };
listener.close();
const pool = new WorkerPool({
  count: 1,
  config: workerConfig(upstreamUrl, { listen }),
  credential: () => undefined,
  permissions: { net: true },
  supervisor: () => ({
    requests: receive,
    credential() {},
    certificateRefused() {},
    listenerLost() {},
  }),
  onDeath: (death) => console.error("worker died", death),
});
await pool.start();
const source = new Worker(new URL("./record_source.ts", import.meta.url), { type: "module" });
source.onmessage = ({ data }) => receive(data);
source.postMessage({ perSecond: Number(records) });
console.error(`listening on ${listen.port}`);
Deno.addSignalListener("SIGTERM", () => {
  console.error(
    `requests ${metrics.view().requests}, dropped ${JSON.stringify(output.droppedLines)}`,
  );
  Deno.exit(0);
});
