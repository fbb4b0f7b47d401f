/**
 * A worker that serves nothing: it sends what the supervisor tells it back as the details of requests
 * in hexadecimal, in pieces, which puts it into the access log. Keys' digests are hexadecimal in it.
 *
 * @module
 */
import type { Channel } from "../../../src/ipc/channel.ts";
import type { RequestRecord, RequestWorker, Supervisor } from "../../../src/ipc/messages.ts";
import { supervisorChannel } from "../../../src/ipc/supervisor_channel.ts";
import { IDLE } from "./idle.ts";

const supervisor: Channel<Supervisor, RequestWorker> = supervisorChannel({
  ...IDLE,
  async drain() {
    await new Promise((later) => setTimeout(later)); // Until it has heard itself being told so.
    await last;
  },
});

/** The last report, which the next has to wait for. */
let last = Promise.resolve();

globalThis.addEventListener("message", (event) => {
  const { data } = event as MessageEvent<{ name?: string }>;
  const { name } = data;
  if (name === undefined) return; // An answer to a report.
  const records = pieces(hexadecimal(data)).map((piece) => recordOf(name, piece));
  const report = { worker: 1, inFlight: 0, webSockets: 0, lost: 0, records };
  last = last.then(() => supervisor.call("requests", report));
});

/** A line of the log holds no more of a text. */
function pieces(text: string): string[] {
  return text.match(/.{1,2000}/g) ?? [];
}

function recordOf(name: string, detail: string): RequestRecord {
  return {
    time: Date.now(),
    id: "echo",
    worker: 1,
    method: "ECHO",
    path: `/${name}`,
    dialect: "openai", // What has none is a probe, and no line at this level.
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
    detail,
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
