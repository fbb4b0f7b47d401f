/**
 * Clients of event streams, on bare TCP or TLS. The one argument is {@linkcode StreamOrder} as JSON;
 * a line of {@linkcode Opened}, one of {@linkcode Flowed} and one of {@linkcode Ended} come back.
 *
 * @module
 */
import type { Target } from "../contenders/contender.ts";
import { percentile } from "../stats.ts";
import { nowMicroseconds, StampReader } from "./stamped_event.ts";

/** What to do. */
export interface StreamOrder {
  readonly target: Target;
  readonly streams: number;
  /** Events that each stream will have. */
  readonly events: number;
  /** Bytes of each request's body. */
  readonly bodyBytes: number;
  /** Milliseconds to wait for all streams to begin, or for all events. */
  readonly deadlineMs: number;
}

/** Every stream has begun. Milliseconds from the request to the first byte of the response. */
export interface Opened {
  readonly ttfbP50: number;
  readonly ttfbP99: number;
}

/** Every event has come, or the deadline has passed. Milliseconds from sending to receiving. */
export interface Flowed {
  readonly received: number;
  /** Absent where no event came. */
  readonly p50?: number;
  readonly p99?: number;
}

/** Streams that ended as they should. */
export interface Ended {
  readonly complete: number;
}

/** Connections that are opened at the same time. */
const OPENING = 50;
const READ_SIZE = 4096;
const decoder = new TextDecoder("latin1");

/** The events of all streams together. */
class Tally {
  received = 0;
  readonly #expected: number;
  readonly #latencies: Float64Array;
  #stamped = 0;
  readonly #complete = Promise.withResolvers<void>();

  constructor(expected: number) {
    this.#expected = expected;
    this.#latencies = new Float64Array(expected);
  }

  /** Settles when every event has come. */
  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  /** An event that was sent at a time, in microseconds. */
  readonly onStamp = (microseconds: number): void => {
    if (this.#stamped === this.#expected) return;
    this.#latencies[this.#stamped++] = (nowMicroseconds() - microseconds) / 1000;
  };

  /** So many events more. */
  onEvents(count: number): void {
    this.received += count;
    if (this.received >= this.#expected) this.#complete.resolve();
  }

  /** What it comes to so far. */
  figures(): Flowed {
    const latencies = this.#latencies.subarray(0, this.#stamped);
    const [p50, p99] = [percentile(latencies, 0.5), percentile(latencies, 0.99)];
    const { received } = this;
    return p50 === undefined || p99 === undefined ? { received } : { received, p50, p99 };
  }
}

/** One stream. */
class StreamClient {
  readonly #order: StreamOrder;
  readonly #tally: Tally;
  readonly #stamps = new StampReader();
  readonly #begun = Promise.withResolvers<number>();

  constructor(order: StreamOrder, tally: Tally) {
    this.#order = order;
    this.#tally = tally;
  }

  /** Milliseconds to the first byte. */
  get begun(): Promise<number> {
    return this.#begun.promise;
  }

  /** Sends a request and reads the response; says whether that came to a proper end. */
  async run(request: Uint8Array): Promise<boolean> {
    try {
      using connection = await connect(this.#order.target);
      const start = performance.now();
      for (let sent = 0; sent < request.length;) {
        sent += await connection.write(request.subarray(sent));
      }
      return await this.#read(connection, start);
    } catch (error) {
      this.#begun.reject(error);
      return false;
    }
  }

  async #read(connection: Deno.Conn, start: number): Promise<boolean> {
    const buffer = new Uint8Array(READ_SIZE);
    const first = await connection.read(buffer);
    if (first === null) throw new Error("The connection was closed before a response");
    const head = decoder.decode(buffer.subarray(0, first));
    if (!/^HTTP\/1\.1 200 .*^content-type: text\/event-stream/ims.test(head)) {
      throw new Error(`Expected an event stream, got ${head}`);
    }
    this.#begun.resolve(performance.now() - start);
    return await this.#readEvents(connection, buffer, first);
  }

  async #readEvents(
    connection: Deno.Conn,
    buffer: Uint8Array,
    first: number,
  ): Promise<boolean> {
    for (let count: number | null = first; count !== null; count = await connection.read(buffer)) {
      const bytes = buffer.subarray(0, count);
      const before = this.#stamps.count;
      this.#stamps.push(bytes, this.#tally.onStamp);
      this.#tally.onEvents(this.#stamps.count - before);
      if (this.#stamps.count >= this.#order.events && endsChunked(bytes)) return true;
    }
    return false;
  }
}

/** Whether bytes end with the last chunk, here without trailers. */
function endsChunked(bytes: Uint8Array): boolean {
  return decoder.decode(bytes.subarray(-4)) === "\r\n\r\n" &&
    /(^|\n)0+\r\n\r\n$/.test(decoder.decode(bytes.subarray(-16)));
}

async function connect({ url, caCert }: Target): Promise<Deno.Conn> {
  const { hostname, port } = new URL(url);
  if (caCert === undefined) {
    const connection = await Deno.connect({ hostname, port: Number(port) });
    connection.setNoDelay();
    return connection;
  }
  return await Deno.connectTls({ hostname, port: Number(port), caCerts: [caCert] });
}

/** A streaming request of the Anthropic dialect, padded to its size. */
export function streamRequest({ target, bodyBytes }: StreamOrder): Uint8Array {
  const { host } = new URL(target.url);
  const [head, tail] = [
    '{"model":"bench","max_tokens":64,"stream":true,"messages":[{"role":"user","content":"',
    '"}]}',
  ];
  const body = head + "x".repeat(Math.max(1, bodyBytes - head.length - tail.length)) + tail;
  const headers = Object.entries({
    ...target.headers,
    host,
    "content-length": `${body.length}`,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return new TextEncoder().encode(
    `POST ${target.path} HTTP/1.1\r\n${headers.join("")}\r\n${body}`,
  );
}

/** Opens the streams in batches; each goes on by itself, and settles with whether it ended well. */
async function openAll(
  order: StreamOrder,
  tally: Tally,
): Promise<{ opened: Opened; ends: Promise<boolean>[] }> {
  const { streams, deadlineMs } = order;
  const request = streamRequest(order);
  const ttfb = new Float64Array(streams);
  const ends: Promise<boolean>[] = [];
  while (ends.length < streams) {
    const length = Math.min(OPENING, streams - ends.length);
    const batch = Array.from({ length }, () => new StreamClient(order, tally));
    const running = batch.map((client) => client.run(request));
    const begun = Promise.all(batch.map((client) => client.begun));
    ttfb.set(await within(begun, deadlineMs, "the streams to begin"), ends.length);
    ends.push(...running);
  }
  return { opened: { ttfbP50: percentile(ttfb, 0.5)!, ttfbP99: percentile(ttfb, 0.99)! }, ends };
}

async function main(order: StreamOrder): Promise<void> {
  const tally = new Tally(order.streams * order.events);
  const { opened, ends } = await openAll(order, tally);
  print<Opened>(opened);
  await Promise.race([tally.complete, sleep(order.deadlineMs)]);
  print<Flowed>(tally.figures());
  const complete = await within(Promise.all(ends), order.deadlineMs, "the streams to end");
  print<Ended>({ complete: complete.filter(Boolean).length });
  Deno.exit(0);
}

async function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  return await Promise.race([
    promise,
    sleep(ms).then((): never => {
      throw new Error(`Waited ${ms} ms for ${what}`);
    }),
  ]);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, ms)));
}

function print<T>(value: T): void {
  console.log(JSON.stringify(value));
}

if (import.meta.main) {
  try {
    await main(JSON.parse(Deno.args[0] ?? ""));
  } catch (error) {
    print({ error: error instanceof Error ? error.message : String(error) });
    Deno.exit(1);
  }
}
