import { type Bytes, concatBytes, latin1Text, toBytes } from "./bytes.ts";
import { DEFAULT_DEADLINE_MS } from "./deadline.ts";
import { decodeHeaderBlock, encodeHeaderBlock } from "./hpack.ts";
import { type HeaderList, headerValues } from "./message_head.ts";
import { type ClientTarget, RawClient } from "./raw_client.ts";

/** RFC 9113 §6. */
const FRAME = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
};
const END_STREAM = 0x1;
const ACK = 0x1;
const END_HEADERS = 0x4;
const HEADER_TABLE_SIZE = 1;
const INITIAL_WINDOW_SIZE = 4;
const LARGEST_FRAME = 16_384;
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** RFC 9113 §7: what a reset or a GOAWAY says. */
export const HTTP2_ERROR = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  refusedStream: 7,
  cancel: 8,
} as const;

/** How one stream went. */
export interface Http2Response {
  /** As received, `:status` among them; the trailers are apart. */
  headers: HeaderList;
  /** `undefined` where no headers came. */
  status: number | undefined;
  bytes: Bytes;
  trailers: HeaderList;
  /** `"goaway"` and `"closed"` are ends of the connection. */
  ended: "complete" | "reset" | "goaway" | "closed";
  /** What a reset or a GOAWAY said, one of {@linkcode HTTP2_ERROR}. */
  errorCode?: number;
}

interface Frame {
  type: number;
  flags: number;
  stream: number;
  payload: Bytes;
}

/**
 * An HTTP/2 client that sends exactly the frames it is told to, valid or not. It gives the server
 * all the window there is and reads only while a response is awaited.
 *
 * @example
 * ```ts
 * using client = await RawHttp2Client.connect({ port });
 * const stream = await client.request([[":method", "GET"], [":scheme", "http"], [":path", "/"]]);
 * const { status, headers } = await client.readResponse(stream);
 * ```
 */
export class RawHttp2Client {
  #client: RawClient;
  #buffered: Bytes = new Uint8Array();
  #nextStream = 1;

  private constructor(client: RawClient) {
    this.#client = client;
  }

  /** Connects, over TLS by ALPN and over plain TCP with prior knowledge, and sends the preface. */
  static async connect(target: ClientTarget): Promise<RawHttp2Client> {
    const given = target.tls === true ? {} : target.tls;
    const tls = given ? { ...given, alpnProtocols: ["h2"] } : false;
    const client = new RawHttp2Client(await RawClient.connect({ ...target, tls }));
    await client.#client.write(PREFACE);
    const settings = [setting(HEADER_TABLE_SIZE, 0), setting(INITIAL_WINDOW_SIZE, 2 ** 31 - 1)];
    await client.writeFrame(FRAME.settings, 0, 0, concatBytes(settings));
    await client.writeFrame(FRAME.windowUpdate, 0, 0, uint32(2 ** 31 - 1 - 65_535));
    return client;
  }

  /** Writes one frame as given. */
  async writeFrame(type: number, flags: number, stream: number, payload: Bytes): Promise<void> {
    const { length } = payload;
    const head = Uint8Array.of(length >> 16, length >> 8, length, type, flags);
    await this.#client.write(concatBytes([head, uint32(stream), payload]));
  }

  /**
   * Opens a stream with these headers, in as many frames as they need.
   *
   * @param body sent whole; without one the stream ends, with `null` it stays open
   * @returns the stream's number
   */
  async request(headers: HeaderList, body?: string | Uint8Array | null): Promise<number> {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    const pieces = split(encodeHeaderBlock(headers));
    for (const [index, piece] of pieces.entries()) {
      const type = index === 0 ? FRAME.headers : FRAME.continuation;
      const end = index === 0 && body === undefined ? END_STREAM : 0;
      const last = index === pieces.length - 1 ? END_HEADERS : 0;
      await this.writeFrame(type, end | last, stream, piece);
    }
    if (body !== undefined && body !== null) await this.writeData(stream, body, true);
    return stream;
  }

  /** Writes one DATA frame. */
  async writeData(stream: number, content: string | Uint8Array, end = false): Promise<void> {
    const payload = concatBytes([toBytes(content)]);
    await this.writeFrame(FRAME.data, end ? END_STREAM : 0, stream, payload);
  }

  /** Ends a stream's request with trailers. */
  async writeTrailers(stream: number, trailers: HeaderList): Promise<void> {
    const block = encodeHeaderBlock(trailers);
    await this.writeFrame(FRAME.headers, END_STREAM | END_HEADERS, stream, block);
  }

  /** Resets a stream. */
  async resetStream(stream: number, code: number = HTTP2_ERROR.cancel): Promise<void> {
    await this.writeFrame(FRAME.reset, 0, stream, uint32(code));
  }

  /**
   * The next DATA of a stream; frames before it are dropped.
   *
   * @throws {Deno.errors.UnexpectedEof} When the connection ends first.
   */
  async readData(stream: number, deadlineMs: number = DEFAULT_DEADLINE_MS): Promise<Bytes> {
    const until = performance.now() + deadlineMs;
    for (;;) {
      const frame = await this.#readFrame(until - performance.now());
      if (frame === undefined) throw new Deno.errors.UnexpectedEof("The connection ended");
      if (frame.type === FRAME.data && frame.stream === stream) return frame.payload;
    }
  }

  /**
   * Reads until a stream has ended, or the connection. Frames of other streams are dropped.
   *
   * @throws {Deno.errors.TimedOut} When neither comes within the deadline.
   */
  async readResponse(
    stream: number,
    deadlineMs: number = DEFAULT_DEADLINE_MS,
  ): Promise<Http2Response> {
    const until = performance.now() + deadlineMs;
    const blocks: HeaderList[] = [];
    const body: Bytes[] = [];
    const end = (ended: Http2Response["ended"], errorCode?: number): Http2Response => ({
      headers: blocks[0] ?? [],
      status: statusOf(blocks[0]),
      bytes: concatBytes(body),
      trailers: blocks[1] ?? [],
      ended,
      ...(errorCode !== undefined && { errorCode }),
    });
    for (;;) {
      const frame = await this.#readFrame(until - performance.now());
      if (frame === undefined) return end("closed");
      if (frame.type === FRAME.goaway) return end("goaway", readUint32(frame.payload, 4));
      if (frame.stream !== stream) continue;
      if (frame.type === FRAME.reset) return end("reset", readUint32(frame.payload, 0));
      if (frame.type === FRAME.headers) {
        blocks.push(decodeHeaderBlock(await this.#wholeBlock(frame, until - performance.now())));
      }
      if (frame.type === FRAME.data) body.push(frame.payload);
      const mayEnd = frame.type === FRAME.headers || frame.type === FRAME.data;
      if (mayEnd && (frame.flags & END_STREAM) !== 0) return end("complete");
    }
  }

  /** Ends the connection with FIN. */
  close(): void {
    this.#client.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** A header block with its CONTINUATION frames, which nothing may come between. */
  async #wholeBlock(first: Frame, deadlineMs: number): Promise<Bytes> {
    const pieces = [first.payload];
    for (let last = first; (last.flags & END_HEADERS) === 0;) {
      const next = await this.#readFrame(deadlineMs);
      if (next?.type !== FRAME.continuation) {
        throw new Deno.errors.InvalidData(`Expected CONTINUATION, got ${JSON.stringify(next)}`);
      }
      pieces.push(next.payload);
      last = next;
    }
    return concatBytes(pieces);
  }

  /** The next frame, or undefined after the end; SETTINGS and PING are answered on the way. */
  async #readFrame(deadlineMs: number): Promise<Frame | undefined> {
    const until = performance.now() + deadlineMs;
    for (;;) {
      const frame = takeFrame(this.#buffered);
      if (frame === undefined) {
        const arrival = await this.#client.readSome(until - performance.now());
        if (arrival === null) return undefined;
        this.#buffered = concatBytes([this.#buffered, arrival.bytes]);
        continue;
      }
      this.#buffered = this.#buffered.subarray(9 + frame.payload.length);
      const answerable = frame.type === FRAME.settings || frame.type === FRAME.ping;
      if (answerable && (frame.flags & ACK) === 0) await this.#acknowledge(frame);
      return frame;
    }
  }

  async #acknowledge({ type, payload }: Frame): Promise<void> {
    const echo = type === FRAME.ping ? payload : new Uint8Array();
    await this.writeFrame(type, ACK, 0, echo);
  }
}

/** The body of a response, one character a byte. */
export function bodyText({ bytes }: Http2Response): string {
  return latin1Text(bytes);
}

function takeFrame(bytes: Bytes): Frame | undefined {
  if (bytes.length < 9) return undefined;
  const length = readUint32(bytes, 0) >>> 8;
  if (bytes.length < 9 + length) return undefined;
  const [type = 0, flags = 0] = bytes.subarray(3, 5);
  return { type, flags, stream: readUint32(bytes, 5), payload: bytes.subarray(9, 9 + length) };
}

function statusOf(headers: HeaderList = []): number | undefined {
  const [status] = headerValues(headers, ":status");
  return status === undefined ? undefined : Number(status);
}

function split(block: Bytes): Bytes[] {
  const count = Math.max(1, Math.ceil(block.length / LARGEST_FRAME));
  return Array.from(
    { length: count },
    (_, index) => block.subarray(index * LARGEST_FRAME, (index + 1) * LARGEST_FRAME),
  );
}

function setting(name: number, value: number): Bytes {
  return concatBytes([Uint8Array.of(0, name), uint32(value)]);
}

function uint32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function readUint32(bytes: Bytes, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}
