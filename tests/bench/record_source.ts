/**
 * Posts access records to whoever started it, in the batches and at the pace of very busy workers.
 *
 * @module
 */
import type { RequestRecord, RequestReport } from "../../src/ipc/messages.ts";

/** Milliseconds between two reports, as a worker's. */
const INTERVAL = 5;

const supervisor = self as unknown as {
  postMessage(message: RequestReport): void;
  onmessage: (event: MessageEvent<{ perSecond: number }>) => void;
};

supervisor.onmessage = ({ data: { perSecond } }) => {
  let due = 0;
  setInterval(() => {
    due += perSecond * INTERVAL / 1000;
    const records = Array.from({ length: Math.floor(due) }, record);
    due -= records.length;
    supervisor.postMessage({ worker: 99, inFlight: 40, webSockets: 0, lost: 0, records });
  }, INTERVAL);
};

function record(): RequestRecord {
  return {
    time: Date.now(),
    id: crypto.randomUUID(),
    worker: 99,
    method: "POST",
    path: "/anthropic/v1/messages",
    dialect: "anthropic",
    status: 200,
    source: "upstream",
    firstByteMs: 712.3,
    totalMs: 8312.9,
    requestBytes: 76214,
    responseBytes: undefined,
    client: "authenticated",
    aborted: undefined,
    upstreamRequestId: "req_011CSHoEeqs5C35K2UUqR7Fy",
    userAgent: "claude-cli/2.0.1",
    code: undefined,
    detail: undefined,
    headers: undefined,
  };
}
