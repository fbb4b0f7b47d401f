/**
 * A worker that serves nothing: it sends what the supervisor tells it back as the detail of a
 * request in hexadecimal, which puts it into the access log. Keys' digests are hexadecimal in it.
 *
 * @module
 */
import type { Channel } from "../../../src/ipc/channel.ts";
import type { RequestRecord, RequestWorker, Supervisor } from "../../../src/ipc/messages.ts";
import { supervisorChannel } from "../../../src/ipc/supervisor_channel.ts";
import { IDLE } from "./idle.ts";

const supervisor: Channel<Supervisor, RequestWorker> = supervisorChannel(IDLE);

globalThis.addEventListener("message", (event) => {
  const { data } = event as MessageEvent<{ name: string }>;
  supervisor.tell("requests", { worker: 1, inFlight: 0, webSockets: 0, records: [recordOf(data)] });
});

function recordOf(message: { name: string }): RequestRecord {
  return {
    time: Date.now(),
    id: "echo",
    worker: 1,
    method: "ECHO",
    path: `/${message.name}`,
    dialect: undefined,
    status: 200,
    source: "proxy",
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
    headers: undefined,
  };
}

/** The log takes secrets out of what it can read; a test that looks for them must see them. */
function hexadecimal(message: unknown): string {
  const text = JSON.stringify(
    message,
    (_, value) => value instanceof Uint8Array ? value.toHex() : value,
  );
  return new TextEncoder().encode(text).toHex();
}
