import type { ByteSource, Readable } from "../../net/byte_source.ts";
import {
  type CloseInfo,
  decodeClose,
  decodeText,
  encodeClose,
  encodeFrame,
  FrameError,
  OPCODE,
  readFrame,
} from "./frames.ts";

/** Longest message to accept, in bytes; `Deno.upgradeWebSocket` has the same limit. */
const LONGEST_MESSAGE = 64 * 1024 * 1024;

/** A connection to the upstream, plain or TLS. */
export interface UpstreamConn extends Readable {
  /** Writes a part of `bytes`, and tells how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends it, what it reads and writes at the moment too. */
  close(): void;
}

/** What comes from the upstream: a message, or the end. */
export type Received =
  | { readonly kind: "message"; readonly data: string | Uint8Array<ArrayBuffer> }
  | { readonly kind: "close"; readonly close: CloseInfo }
  | { readonly kind: "lost" };

/**
 * The client's side of a WebSocket whose handshake is done (RFC 6455).
 *
 * Not the `WebSocket` of the platform: that one cannot be paused, so a slow client would fill our
 * memory; cannot send the close codes 1001 to 2999; adds a `user-agent` line of its own; and hides
 * with what status a handshake was refused.
 */
export class UpstreamSocket {
  readonly #conn: UpstreamConn;
  readonly #source: ByteSource;
  #writing: Promise<void> = Promise.resolve();
  #bufferedBytes = 0;
  #closeSent = false;
  #closed = false;

  /**
   * Takes a connection over.
   *
   * @param conn written to
   * @param source reads `conn`, and may hold bytes that followed the handshake
   */
  constructor(conn: UpstreamConn, source: ByteSource) {
    this.#conn = conn;
    this.#source = source;
  }

  /** Bytes that are waiting for the upstream to read on. */
  get bufferedAmount(): number {
    return this.#bufferedBytes;
  }

  /** Queues a message. */
  send(data: string | ArrayBuffer): void {
    if (this.#closeSent) return;
    if (typeof data === "string") this.#write(OPCODE.text, new TextEncoder().encode(data));
    else this.#write(OPCODE.binary, new Uint8Array(data));
  }

  /** Queues a close frame, once. */
  close(close: CloseInfo): void {
    if (this.#closeSent) return;
    this.#write(OPCODE.close, encodeClose(close));
    this.#closeSent = true;
  }

  /** Ends the connection at once. */
  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }

  /** Ends the connection once everything queued is out. */
  async end(): Promise<void> {
    await this.#writing;
    this.destroy();
  }

  /**
   * The next message, its fragments joined. It reads no further until it is called again, which is
   * what holds the upstream back. Pings are answered, and so is a close.
   *
   * @throws {FrameError} when the upstream breaks the protocol
   */
  async receive(): Promise<Received> {
    try {
      return await this.#receive();
    } catch (error) {
      if (error instanceof FrameError) throw error;
      return { kind: "lost" };
    }
  }

  async #receive(): Promise<Received> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let opcode: number | undefined;
    let room = LONGEST_MESSAGE;
    for (;;) {
      const frame = await readFrame(this.#source, room);
      if (frame === undefined) return { kind: "lost" };
      if (frame.opcode >= OPCODE.close) {
        const close = this.#control(frame.opcode, frame.payload);
        if (close) return { kind: "close", close };
        continue;
      }
      if ((frame.opcode === OPCODE.continuation) === (opcode === undefined)) {
        throw new FrameError(1002, "A message is continued that was not begun, or the reverse");
      }
      opcode ??= frame.opcode;
      parts.push(frame.payload);
      room -= frame.payload.length;
      if (frame.fin) return { kind: "message", data: message(opcode, parts) };
    }
  }

  #control(opcode: number, payload: Uint8Array<ArrayBuffer>): CloseInfo | undefined {
    const mayAnswer = !this.#closeSent && this.#bufferedBytes < LONGEST_MESSAGE;
    if (opcode === OPCODE.ping && mayAnswer) this.#write(OPCODE.pong, payload);
    if (opcode !== OPCODE.close) return undefined;
    const close = decodeClose(payload);
    this.close(close);
    return close;
  }

  #write(opcode: number, payload: Uint8Array): void {
    const frame = encodeFrame(opcode, payload);
    this.#bufferedBytes += frame.length;
    this.#writing = this.#writing.then(() => this.#writeOut(frame));
  }

  /** A failed write ends the connection; {@linkcode receive} then finds it lost. */
  async #writeOut(frame: Uint8Array): Promise<void> {
    try {
      for (let sent = 0; sent < frame.length;) {
        sent += await this.#conn.write(frame.subarray(sent));
      }
      this.#bufferedBytes -= frame.length;
    } catch {
      this.destroy();
    }
  }
}

function message(
  opcode: number,
  parts: Uint8Array<ArrayBuffer>[],
): string | Uint8Array<ArrayBuffer> {
  const whole = parts.length === 1 && parts[0] ? parts[0] : concat(parts);
  return opcode === OPCODE.text ? decodeText(whole) : whole;
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
