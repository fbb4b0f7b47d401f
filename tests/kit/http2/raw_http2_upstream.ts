import { Connection } from "../http1/connection.ts";
import { type Bytes, concatBytes, toBytes } from "../http1/bytes.ts";
import type { HeaderList } from "../http1/message_head.ts";
import { withDeadline } from "../time/deadline.ts";
import { encodeHeaderBlock } from "./hpack.ts";
import {
  FLAG,
  formatFrame,
  FRAME,
  type Frame,
  headerFrames,
  parseFrame,
  PREFACE,
  uint32,
} from "./http2_frames.ts";

/** A request whose headers have come, and the frames that answer it. Its headers are not read. */
export class Http2Exchange {
  /** The connection's number, from 1. */
  readonly connectionId: number;
  readonly streamId: number;
  readonly #connection: Connection;
  readonly #body: Bytes[] = [];
  readonly #whole = Promise.withResolvers<void>();

  constructor(connectionId: number, streamId: number, connection: Connection) {
    this.connectionId = connectionId;
    this.streamId = streamId;
    this.#connection = connection;
  }

  /** The body, once it has ended. */
  async body(): Promise<string> {
    await withDeadline(this.#whole.promise, 10_000, `the body of stream ${this.streamId}`);
    return new TextDecoder().decode(concatBytes(this.#body));
  }

  /** Begins an answer, or gives a whole one where there is a body. */
  async respond(headers: HeaderList = [], body?: string): Promise<void> {
    const block = encodeHeaderBlock([[":status", "200"], ...headers]);
    const head = headerFrames(this.streamId, block, 0);
    await this.#write(body === undefined ? head : concatBytes([head, this.#data(body, true)]));
  }

  /** Sends a piece of the answer's body. */
  send(piece: string): Promise<void> {
    return this.#write(this.#data(piece, false));
  }

  /** RST_STREAM. */
  reset(code: number): Promise<void> {
    return this.#write(formatFrame(FRAME.rstStream, 0, this.streamId, uint32(code)));
  }

  /** GOAWAY. @param lastStreamId the last stream that may have been processed */
  goAway(lastStreamId: number, code: number): Promise<void> {
    const payload = concatBytes([uint32(lastStreamId), uint32(code)]);
    return this.#write(formatFrame(FRAME.goaway, 0, 0, payload));
  }

  /** Ends the connection. */
  close(): void {
    this.#connection.close();
  }

  /** A frame of this stream has come; for the upstream. */
  take({ type, flags, payload }: Frame): void {
    if (type === FRAME.data) this.#body.push(payload);
    const mayEnd = type === FRAME.headers || type === FRAME.data;
    if (mayEnd && flags & FLAG.endStream) this.#whole.resolve();
  }

  #data(text: string, last: boolean): Bytes {
    return formatFrame(FRAME.data, last ? FLAG.endStream : 0, this.streamId, toBytes(text));
  }

  #write(bytes: Bytes): Promise<void> {
    return this.#connection.writer.write(bytes);
  }
}

/** Answers a request, or does not. */
export type Http2Handler = (exchange: Http2Exchange) => Promise<void> | void;

/**
 * An HTTP/2 upstream over TLS that does what the test says, whatever the protocol says, and nothing by
 * itself but to take what it is sent.
 */
export class RawHttp2Upstream implements AsyncDisposable {
  /** Every request, in order. */
  readonly exchanges: Http2Exchange[] = [];
  /** What went wrong in a handler, in order. */
  readonly violations: string[] = [];
  /** Answers requests; a test may change it between them. */
  handler: Http2Handler;
  readonly #listener: Deno.TlsListener;
  readonly #connections: Connection[] = [];
  readonly #running: Promise<void>[] = [];

  private constructor(handler: Http2Handler, tls: { cert: string; key: string }) {
    this.handler = handler;
    const options = { ...tls, alpnProtocols: ["h2"] };
    this.#listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...options });
    this.#running.push(this.#accept());
  }

  /** Starts to listen, with a certificate for localhost. */
  static start(tls: { cert: string; key: string }, handler: Http2Handler = () => {}) {
    return new RawHttp2Upstream(handler, tls);
  }

  /** `https://localhost:PORT`. */
  get url(): string {
    return `https://localhost:${this.#listener.addr.port}`;
  }

  /** Ends everything, and throws where there are violations. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
    await withDeadline(Promise.all(this.#running), 5_000, "the upstream's connections to end");
    if (this.violations.length > 0) throw new Error(this.violations.join("\n"));
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      const connection = new Connection(conn);
      const id = this.#connections.push(connection);
      this.#running.push(this.#serve(connection, id).catch(() => connection.close()));
    }
  }

  async #serve(connection: Connection, id: number): Promise<void> {
    const { reader, writer } = connection;
    const streams = new Map<number, Http2Exchange>();
    let received: Bytes = new Uint8Array();
    let left = PREFACE.length;
    await writer.write(formatFrame(FRAME.settings, 0, 0, new Uint8Array()));
    for (;;) {
      const arrival = await reader.readSome(Infinity);
      if (arrival === null) return connection.close();
      received = concatBytes([received, arrival.bytes]);
      const skipped = Math.min(left, received.length);
      received = received.subarray(skipped);
      left -= skipped;
      for (let next = parseFrame(received); left === 0 && next; next = parseFrame(received)) {
        received = next.rest;
        this.#take(next.frame, streams, connection, id);
        const { type, streamId, payload: { length } } = next.frame;
        if (type !== FRAME.data || length === 0) continue;
        const update = (id: number) => formatFrame(FRAME.windowUpdate, 0, id, uint32(length));
        await writer.write(concatBytes([update(0), update(streamId)]));
      }
    }
  }

  async #answer(exchange: Http2Exchange): Promise<void> {
    try {
      await this.handler(exchange);
    } catch (error) {
      this.violations.push(`stream ${exchange.streamId}: ${error}`);
    }
  }

  #take(frame: Frame, streams: Map<number, Http2Exchange>, connection: Connection, id: number) {
    const { type, streamId } = frame;
    const isNew = type === FRAME.headers && !streams.has(streamId);
    const exchange = streams.get(streamId) ?? new Http2Exchange(id, streamId, connection);
    exchange.take(frame);
    if (!isNew) return;
    streams.set(streamId, exchange);
    this.exchanges.push(exchange);
    this.#running.push(this.#answer(exchange));
  }
}
