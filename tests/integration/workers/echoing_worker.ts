/**
 * A worker that serves nothing: it sends what the supervisor tells it back as the detail of a
 * request in hexadecimal, which puts it into the access log. Keys' digests are hexadecimal in it.
 *
 * @module
 */
import type { FromWorker, RequestRecord, ToWorker } from "../../../src/ipc/messages.ts";

const supervisor = self as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: (event: MessageEvent<ToWorker>) => void;
};

supervisor.onmessage = ({ data: message }) => {
  supervisor.postMessage({
    type: "requests",
    worker: 1,
    inFlight: 0,
    records: [recordOf(message)],
  });
  if (message.type === "start") supervisor.postMessage({ type: "listening" });
  if (message.type === "drain") supervisor.postMessage({ type: "drained" });
  if (message.type === "close") supervisor.postMessage({ type: "closed" });
};

function recordOf(message: ToWorker): RequestRecord {
  return {
    time: Date.now(),
    id: "echo",
    worker: 1,
    method: "ECHO",
    path: `/${message.type}`,
    dialect: undefined,
    status: 200,
    firstByteMs: 0,
    totalMs: 0,
    requestBytes: undefined,
    responseBytes: undefined,
    client: undefined,
    aborted: undefined,
    upstreamRequestId: undefined,
    userAgent: undefined,
    code: undefined,
    detail: hexadecimal(message),
  };
}

/** The log takes secrets out of what it can read; a test that looks for them must see them. */
function hexadecimal(message: ToWorker): string {
  const text = JSON.stringify(
    message,
    (_, value) => value instanceof Uint8Array ? value.toHex() : value,
  );
  return new TextEncoder().encode(text).toHex();
}
