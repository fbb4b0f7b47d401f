import type { ConnectionEnd } from "../http1/byte_reader.ts";
import { type Bytes, concatBytes, latin1Bytes } from "../http1/bytes.ts";
import { Condition } from "../time/condition.ts";
import {
  FLAG,
  formatFrame,
  FRAME,
  type Frame,
  parseFrame,
  parseSettings,
  PREFACE,
  readUint32,
} from "./http2_frames.ts";
import { encodeHeaderBlock } from "./hpack.ts";
import type { HeaderList } from "../http1/message_head.ts";
import { RawClient } from "../http1/raw_client.ts";

/** The preface and empty SETTINGS, which a client begins with. */
export const HTTP2_HELLO: Bytes = concatBytes([
  latin1Bytes(PREFACE),
  formatFrame(FRAME.settings, 0, 0, new Uint8Array()),
]);

/** HEADERS of a GET. @param flags Whole and without a body, unless told otherwise. */
export function getFrame(
  streamId: number,
  target: string,
  flags: number = FLAG.endHeaders | FLAG.endStream,
): Bytes {
  const fields: HeaderList = [
    [":method", "GET"],
    [":scheme", "https"],
    [":authority", "localhost"],
    [":path", target],
  ];
  return formatFrame(FRAME.headers, flags, streamId, encodeHeaderBlock(fields));
}

/**
 * An HTTP/2 client over TLS that sends whatever it is told to, answers nothing, and keeps what it
 * gets: for frames that {@linkcode Http2Client} would not send.
 */
export class Http2Flooder {
  /** Frames received so far. */
  readonly frames: Frame[] = [];
  readonly #client: RawClient;
  readonly #changed = new Condition();
  #end: ConnectionEnd | undefined;

  private constructor(client: RawClient) {
    this.#client = client;
    void this.#read();
  }

  /** Opens a connection and sends {@linkcode HTTP2_HELLO}. */
  static async connect(port: number, caCerts: string[]): Promise<Http2Flooder> {
    const tls = { caCerts, alpnProtocols: ["h2"] };
    const client = await RawClient.connect({ port, tls });
    await client.write(HTTP2_HELLO);
    return new Http2Flooder(client);
  }

  /** How the connection ended; undefined while it is open. */
  get end(): ConnectionEnd | undefined {
    return this.#end;
  }

  /** What the server announced, once it has. */
  get settings(): Map<number, number> | undefined {
    const frame = this.frames.find(({ type, flags }) => type === FRAME.settings && flags === 0);
    return frame && parseSettings(frame.payload);
  }

  /** The error code of the server's last GOAWAY, once one came. */
  get goaway(): number | undefined {
    const frame = this.frames.findLast(({ type }) => type === FRAME.goaway);
    return frame && readUint32(frame.payload, 4);
  }

  /** Writes exactly these bytes. */
  write(bytes: Uint8Array, deadlineMs?: number): Promise<void> {
    return this.#client.write(bytes, deadlineMs);
  }

  /** Waits until a look at what was received, or at the end, finds something. */
  until<T>(look: () => T | undefined, what: string, deadlineMs?: number): Promise<T> {
    const detail = () => `${what}, received ${this.frames.length} frames, end: ${this.end}`;
    return this.#changed.until(look, detail, deadlineMs);
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  async #read(): Promise<void> {
    let buffer: Bytes = new Uint8Array();
    for (;;) {
      const arrival = await this.#client.readSome(Infinity);
      if (arrival === null) break;
      buffer = concatBytes([buffer, arrival.bytes]);
      for (let next = parseFrame(buffer); next; next = parseFrame(buffer)) {
        buffer = next.rest;
        this.frames.push(next.frame);
      }
      this.#changed.notify();
    }
    this.#end = this.#client.end;
    this.#changed.notify();
  }
}
