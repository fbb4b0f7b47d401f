import { type Bytes, concatBytes, latin1Text, toBytes } from "../http1/bytes.ts";
import { DEFAULT_DEADLINE_MS } from "../time/deadline.ts";
import { decodeHeaderBlock, encodeHeaderBlock } from "./hpack.ts";
import {
  ERROR_CODE,
  FLAG,
  formatFrame,
  formatSetting,
  FRAME,
  type Frame,
  headerFrames,
  parseFrame,
  PREFACE,
  readUint32,
  uint32,
} from "./http2_frames.ts";
import { type HeaderList, headerValues } from "../http1/message_head.ts";
import { type ClientTarget, RawClient } from "../http1/raw_client.ts";

const HEADER_TABLE_SIZE = 1;
const INITIAL_WINDOW_SIZE = 4;
const LARGEST_WINDOW = 2 ** 31 - 1;
/** What a connection begins with, RFC 9113 §6.9.2. */
const DEFAULT_WINDOW = 65_535;

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
  /** What a reset or a GOAWAY said, one of {@linkcode ERROR_CODE}. */
  errorCode?: number;
}

/**
 * An HTTP/2 client that sends exactly the frames it is told to, valid or not, for exchanges too short
 * to need another: it gives the server all the window there is, and acknowledges nothing, so that
 * no frame of its own meets a connection that the server has ended. `Http2Client` is for longer ones.
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
    const client = await RawClient.connect({ ...target, tls });
    const settings = concatBytes([
      formatSetting(HEADER_TABLE_SIZE, 0),
      formatSetting(INITIAL_WINDOW_SIZE, LARGEST_WINDOW),
    ]);
    await client.write(PREFACE);
    await client.write(formatFrame(FRAME.settings, 0, 0, settings));
    const more = uint32(LARGEST_WINDOW - DEFAULT_WINDOW);
    await client.write(formatFrame(FRAME.windowUpdate, 0, 0, more));
    return new RawHttp2Client(client);
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
    const flags = body === undefined ? FLAG.endStream : 0;
    await this.#client.write(headerFrames(stream, encodeHeaderBlock(headers), flags));
    if (body !== undefined && body !== null) await this.writeData(stream, body, true);
    return stream;
  }

  /** Writes one DATA frame. */
  async writeData(stream: number, content: string | Uint8Array, end = false): Promise<void> {
    const flags = end ? FLAG.endStream : 0;
    await this.#client.write(formatFrame(FRAME.data, flags, stream, toBytes(content)));
  }

  /** Ends a stream's request with trailers. */
  async writeTrailers(stream: number, trailers: HeaderList): Promise<void> {
    await this.#client.write(headerFrames(stream, encodeHeaderBlock(trailers), FLAG.endStream));
  }

  /** Resets a stream. */
  async resetStream(stream: number, code: number = ERROR_CODE.cancel): Promise<void> {
    await this.#client.write(formatFrame(FRAME.rstStream, 0, stream, uint32(code)));
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
      if (frame.type === FRAME.data && frame.streamId === stream) return frame.payload;
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
      if (frame.streamId !== stream) continue;
      if (frame.type === FRAME.rstStream) return end("reset", readUint32(frame.payload, 0));
      if (frame.type === FRAME.headers) {
        blocks.push(decodeHeaderBlock(await this.#wholeBlock(frame, until - performance.now())));
      }
      if (frame.type === FRAME.data) body.push(frame.payload);
      const mayEnd = frame.type === FRAME.headers || frame.type === FRAME.data;
      if (mayEnd && (frame.flags & FLAG.endStream) !== 0) return end("complete");
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
    for (let last = first; (last.flags & FLAG.endHeaders) === 0;) {
      const next = await this.#readFrame(deadlineMs);
      if (next?.type !== FRAME.continuation) {
        throw new Deno.errors.InvalidData(`Expected CONTINUATION, got ${JSON.stringify(next)}`);
      }
      pieces.push(next.payload);
      last = next;
    }
    return concatBytes(pieces);
  }

  /** The next frame, or undefined after the end. */
  async #readFrame(deadlineMs: number): Promise<Frame | undefined> {
    const until = performance.now() + deadlineMs;
    for (;;) {
      const parsed = parseFrame(this.#buffered);
      if (parsed === undefined) {
        const arrival = await this.#client.readSome(until - performance.now());
        if (arrival === null) return undefined;
        this.#buffered = concatBytes([this.#buffered, arrival.bytes]);
        continue;
      }
      const { frame, rest } = parsed;
      this.#buffered = rest;
      return frame;
    }
  }
}

/** The body of a response, one character a byte. */
export function bodyText({ bytes }: Http2Response): string {
  return latin1Text(bytes);
}

function statusOf(headers: HeaderList = []): number | undefined {
  const [status] = headerValues(headers, ":status");
  return status === undefined ? undefined : Number(status);
}
