import { type Bytes, concatBytes, latin1Bytes, toBytes } from "../http1/bytes.ts";
import { Condition } from "../time/condition.ts";
import {
  ERROR_CODE,
  FLAG,
  formatFrame,
  formatSetting,
  FRAME,
  type Frame,
  headerFrames,
  MAX_PAYLOAD,
  parseFrame,
  PREFACE,
  readUint32,
  uint32,
} from "./http2_frames.ts";
import { decodeHeaderBlock, encodeHeaderBlock } from "./hpack.ts";
import { type HeaderList, headerValues } from "../http1/message_head.ts";
import { type ClientTarget, RawClient } from "../http1/raw_client.ts";

/** A request on a stream of its own. */
export interface Http2Request {
  /** @default {"GET"} */
  method?: string;
  /** @default {"/"} */
  path?: string;
  /** Sent as given, after the pseudo-headers. @default {[]} */
  headers?: HeaderList;
  /** Sent whole, as fast as the server's windows let it. @default {""} */
  body?: string | Uint8Array;
  /** Leaves the stream open for {@linkcode Http2Stream.send}. @default {false} */
  open?: boolean;
}

const HEADER_TABLE_SIZE = 1;
const INITIAL_WINDOW_SIZE = 4;
/** What both sides begin with, RFC 9113 §6.9.2. */
const DEFAULT_WINDOW = 65_535;
/** What each stream lets the server send ahead of the test's reading. */
const STREAM_WINDOW = 2 ** 20;
/** So large that only streams hold the server back, and no stream another. */
const CONNECTION_WINDOW = 2 ** 30;

/**
 * An HTTP/2 client over TLS that does what the test says and nothing by itself but to acknowledge
 * settings and pings. A stream's window opens again only as the test reads it.
 *
 * @example
 * ```ts
 * using client = await Http2Client.connect({ port, tls: { caCerts } });
 * const stream = await client.request({ path: "/v1/models" });
 * const status = await stream.status();
 * const body = await stream.readAll();
 * ```
 */
export class Http2Client {
  /** Every GOAWAY so far; a server may announce its end before it says which streams it took. */
  readonly goaways: { lastStreamId: number; code: number }[] = [];
  readonly #raw: RawClient;
  readonly #changed = new Condition();
  readonly #streams = new Map<number, Http2Stream>();
  readonly #closed: Promise<void>;
  #nextId = 1;
  #sendWindow = DEFAULT_WINDOW;
  #serverInitialWindow = DEFAULT_WINDOW;
  #ended = false;

  private constructor(raw: RawClient) {
    this.#raw = raw;
    this.#closed = this.#readFrames();
  }

  /** Opens a connection and sends the preface. */
  static async connect(target: ClientTarget): Promise<Http2Client> {
    const tls = target.tls === true || !target.tls ? {} : target.tls;
    const raw = await RawClient.connect({ ...target, tls: { ...tls, alpnProtocols: ["h2"] } });
    if (raw.alpnProtocol !== "h2") throw new Error(`Expected h2, agreed on ${raw.alpnProtocol}`);
    const settings = concatBytes([
      formatSetting(HEADER_TABLE_SIZE, 0),
      formatSetting(INITIAL_WINDOW_SIZE, STREAM_WINDOW),
    ]);
    await raw.write(concatBytes([
      latin1Bytes(PREFACE),
      formatFrame(FRAME.settings, 0, 0, settings),
      formatFrame(FRAME.windowUpdate, 0, 0, uint32(CONNECTION_WINDOW)),
    ]));
    return new Http2Client(raw);
  }

  /** Opens a stream. It resolves when all that is given was sent. */
  async request(request: Http2Request = {}): Promise<Http2Stream> {
    const { method = "GET", path = "/", headers = [], body = "", open = false } = request;
    const id = this.#nextId;
    this.#nextId += 2;
    const stream = new Http2Stream(id, this.#serverInitialWindow, {
      changed: this.#changed,
      send: (type, flags, payload) => this.#raw.write(formatFrame(type, flags, id, payload)),
      sendWindow: (take) => this.#sendWindow -= take,
      ended: () => this.#ended,
    });
    this.#streams.set(id, stream);
    const block = encodeHeaderBlock([
      ...([[":method", method], [":scheme", "https"]] satisfies HeaderList),
      ...([[":authority", "localhost"], [":path", path]] satisfies HeaderList),
      ...headers,
    ]);
    const hasMore = open || body.length > 0;
    await this.#raw.write(headerFrames(id, block, hasMore ? 0 : FLAG.endStream));
    if (body.length > 0) await stream.send(body, !open);
    return stream;
  }

  /** Waits until the server has ended the connection. */
  async closed(): Promise<void> {
    await this.#changed.until(() => this.#ended || undefined, "the connection's end");
    await this.#closed;
  }

  /** Ends the connection with FIN. */
  close(): void {
    this.#raw.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #readFrames(): Promise<void> {
    let buffer: Bytes = new Uint8Array();
    for (;;) {
      const arrival = await this.#raw.readSome(Infinity);
      if (arrival === null) break;
      buffer = concatBytes([buffer, arrival.bytes]);
      for (let next = parseFrame(buffer); next; next = parseFrame(buffer)) {
        buffer = next.rest;
        await this.#take(next.frame);
      }
      this.#changed.notify();
    }
    this.#ended = true;
    this.#changed.notify();
  }

  async #take(frame: Frame): Promise<void> {
    const { type, flags, streamId, payload } = frame;
    if (streamId !== 0) return this.#streams.get(streamId)?.take(frame);
    if (type === FRAME.windowUpdate) this.#sendWindow += readUint32(payload, 0);
    if (type === FRAME.goaway) {
      this.goaways.push({ lastStreamId: readUint32(payload, 0), code: readUint32(payload, 4) });
    }
    const asksForAck = (type === FRAME.settings || type === FRAME.ping) && !(flags & FLAG.ack);
    if (!asksForAck) return;
    if (type === FRAME.settings) this.#applySettings(payload);
    const answer = type === FRAME.ping ? payload : new Uint8Array();
    await this.#raw.write(formatFrame(type, FLAG.ack, 0, answer));
  }

  #applySettings(payload: Bytes): void {
    for (let at = 0; at < payload.length; at += 6) {
      const identifier = readUint32(payload, at) >>> 16;
      if (identifier !== INITIAL_WINDOW_SIZE) continue;
      const size = readUint32(payload, at + 2);
      for (const stream of this.#streams.values()) {
        stream.sendWindow += size - this.#serverInitialWindow;
      }
      this.#serverInitialWindow = size;
    }
  }
}

/** What a stream needs of its connection. */
interface StreamConnection {
  changed: Condition;
  send(type: number, flags: number, payload: Uint8Array): Promise<void>;
  /** Takes bytes from the connection's send window and returns what is left of it. */
  sendWindow(take: number): number;
  ended(): boolean;
}

/** One request and its response. */
export class Http2Stream {
  readonly id: number;
  /** Bytes the server takes on this stream; kept by the connection. */
  sendWindow: number;
  /** The code of the RST_STREAM that ended it, where one did. */
  resetCode: number | undefined;
  /** Bytes of body received so far, read or not. */
  receivedBytes = 0;
  readonly #connection: StreamConnection;
  #status: number | undefined;
  #ended = false;
  #unread: Bytes[] = [];

  constructor(id: number, sendWindow: number, connection: StreamConnection) {
    this.id = id;
    this.sendWindow = sendWindow;
    this.#connection = connection;
  }

  /** Whether the server has ended the stream in an orderly way. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Sends a piece of the body, as fast as the server's windows let it. */
  async send(content: string | Uint8Array, last = false): Promise<void> {
    const bytes = toBytes(content);
    for (let offset = 0; offset < bytes.length;) {
      const size = await this.#untilSendable(bytes.length - offset);
      const piece = bytes.subarray(offset, offset += size);
      this.sendWindow -= size;
      this.#connection.sendWindow(size);
      const flags = last && offset === bytes.length ? FLAG.endStream : 0;
      await this.#connection.send(FRAME.data, flags, piece);
    }
  }

  /** The status, once the headers are there. */
  status(deadlineMs?: number): Promise<number> {
    return this.#until(() => this.#status, "response headers", deadlineMs);
  }

  /** The next bytes of the body, or null after its end; what it gives, the server may send anew. */
  async readSome(deadlineMs?: number): Promise<Bytes | null> {
    const there = () => this.#unread.length > 0 || this.#ended || undefined;
    await this.#until(there, "more of a body", deadlineMs);
    const bytes = concatBytes(this.#unread.splice(0));
    if (bytes.length === 0) return null;
    if (!this.#ended) await this.#connection.send(FRAME.windowUpdate, 0, uint32(bytes.length));
    return bytes;
  }

  /** The rest of the body. */
  async readAll(deadlineMs?: number): Promise<Bytes> {
    const pieces: Bytes[] = [];
    for (let piece = await this.readSome(deadlineMs); piece;) {
      pieces.push(piece);
      piece = await this.readSome(deadlineMs);
    }
    return concatBytes(pieces);
  }

  /** Abandons it: RST_STREAM. */
  cancel(code: number = ERROR_CODE.cancel): Promise<void> {
    return this.#connection.send(FRAME.rstStream, 0, uint32(code));
  }

  /** Waits until the server resets the stream, and returns the code. */
  reset(deadlineMs?: number): Promise<number> {
    const { changed } = this.#connection;
    return changed.until(() => this.resetCode, `stream ${this.id} to be reset`, deadlineMs);
  }

  /** A frame of this stream has come; for the connection. */
  take({ type, flags, payload }: Frame): void {
    if (type === FRAME.windowUpdate) this.sendWindow += readUint32(payload, 0);
    if (type === FRAME.rstStream) this.resetCode = readUint32(payload, 0);
    if (type === FRAME.headers) this.#status ??= statusOf(payload);
    if (type === FRAME.data) {
      this.receivedBytes += payload.length;
      if (payload.length > 0) this.#unread.push(payload);
    }
    const mayEnd = type === FRAME.headers || type === FRAME.data;
    if (mayEnd && flags & FLAG.endStream) this.#ended = true;
  }

  /** Waits until some of so many bytes may be sent, and returns how many. */
  #untilSendable(wanted: number): Promise<number> {
    const sendable = () =>
      Math.min(wanted, MAX_PAYLOAD, this.sendWindow, this.#connection.sendWindow(0));
    return this.#until(
      () => sendable() > 0 ? sendable() : undefined,
      "the server's window",
      60_000,
    );
  }

  #until<T>(probe: () => T | undefined, what: string, deadlineMs?: number): Promise<T> {
    const orGone = () => {
      const found = probe();
      const gone = this.resetCode !== undefined || this.#connection.ended();
      if (found === undefined && gone) throw this.#gone();
      return found;
    };
    return this.#connection.changed.until(
      orGone,
      () => `${what} on stream ${this.id}, ${this.receivedBytes} bytes received so far`,
      deadlineMs,
    );
  }

  #gone(): Error {
    const how = this.resetCode === undefined ? "cut off" : `reset with ${this.resetCode}`;
    return new Deno.errors.ConnectionReset(`Stream ${this.id} was ${how}`);
  }
}

function statusOf(block: Bytes): number {
  return Number(headerValues(decodeHeaderBlock(block), ":status")[0]);
}
