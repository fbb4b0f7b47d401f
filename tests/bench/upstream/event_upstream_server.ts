/**
 * The upstream of event streams, on bare TCP so that it costs little next to the contenders. It
 * prints its port, and takes commands as lines of JSON on standard input: the streams that were
 * opened wait until told to flow, and once they have sent all their events, until told to end. A
 * request without `"stream":true` is answered at once.
 *
 * @module
 */
import { nowMicroseconds, StampedEvent } from "../load/stamped_event.ts";
import { answer, FIRST_EVENT, LARGE_BYTES } from "./anthropic_answers.ts";
import { RequestReader } from "./request_reader.ts";

/** A command on standard input. */
export type Command =
  | { readonly kind: "flow"; readonly events: number; readonly intervalMs: number }
  | { readonly kind: "end" };

/** Bytes of an answer that is no stream. */
const ANSWER_BYTES = 300;
const encoder = new TextEncoder();
const STREAM_HEAD = encoder.encode(
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n" +
    `${FIRST_EVENT.length.toString(16)}\r\n${FIRST_EVENT}\r\n`,
);
const LAST_CHUNK = encoder.encode("0\r\n\r\n");
const ANSWER = encodeAnswer(ANSWER_BYTES);
let largeAnswer: Uint8Array | undefined;

function encodeAnswer(bytes: number): Uint8Array {
  return encoder.encode(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${bytes}\r\n\r\n` +
      answer(bytes),
  );
}

/** A response that sends its events when told to. */
class Stream {
  readonly #connection: Deno.Conn;
  readonly #event = new StampedEvent();
  readonly #ended = Promise.withResolvers<void>();
  #sending = Promise.resolve();

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Settles with the end of the response. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Sends an event; where the one before has not left yet, after it. */
  send(): void {
    this.#sending = this.#sending.then(() => {
      this.#event.stamp(nowMicroseconds());
      return writeAll(this.#connection, this.#event.bytes);
    });
    this.#sending.catch(this.#ended.reject);
  }

  end(): void {
    this.#sending.then(() => writeAll(this.#connection, LAST_CHUNK))
      .then(this.#ended.resolve, this.#ended.reject);
  }
}

const open = new Set<Stream>();

/** Sends everybody's events, the streams evenly spread over each interval. */
async function flow(events: number, intervalMs: number): Promise<void> {
  const streams = [...open];
  const total = events * streams.length;
  const start = performance.now();
  for (let sent = 0; sent < total;) {
    const due = Math.ceil((performance.now() - start) * streams.length / intervalMs);
    for (; sent < Math.min(due, total); sent++) streams[sent % streams.length]!.send();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function serve(connection: Deno.TcpConn): Promise<void> {
  connection.setNoDelay();
  const requests = new RequestReader(connection);
  for (;;) {
    const request = await requests.next();
    if (request === undefined) return;
    if (request.isStream) await serveStream(connection);
    else if (!request.isLarge) await writeAll(connection, ANSWER);
    else await writeAll(connection, largeAnswer ??= encodeAnswer(LARGE_BYTES));
  }
}

async function serveStream(connection: Deno.TcpConn): Promise<void> {
  await writeAll(connection, STREAM_HEAD);
  const stream = new Stream(connection);
  open.add(stream);
  try {
    await stream.ended;
  } finally {
    open.delete(stream);
  }
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

async function obey(): Promise<void> {
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    for (const line of text.split("\n").filter(Boolean)) {
      const command: Command = JSON.parse(line);
      if (command.kind === "flow") void flow(command.events, command.intervalMs);
      else for (const stream of open) stream.end();
    }
  }
  Deno.exit(0);
}

/** A contender that goes away takes its connections with it. */
function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

if (import.meta.main) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 4096 });
  console.log(listener.addr.port);
  void obey();
  for await (const connection of listener) {
    serve(connection).catch(() => {}).finally(() => closeQuietly(connection));
  }
}
