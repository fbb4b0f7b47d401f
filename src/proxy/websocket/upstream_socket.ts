import { setImmediate } from "node:timers/promises";
import type { ByteSource, Readable } from "../../net/byte_source.ts";
import type { Writable } from "../../net/write_all.ts";
import { FrameWriter, joined } from "./frame_writer.ts";
import {
  type CloseInfo,
  decodeClose,
  decodeText,
  encodeClose,
  type Frame,
  frameAtHand,
  FrameError,
  OPCODE,
  readFrame,
} from "./frames.ts";

/** Longest message to accept, in bytes; `Deno.upgradeWebSocket` has the same limit. */
const LONGEST_MESSAGE = 64 * 1024 * 1024;

/** Most fragments of a message, empty ones aside: each holds some 500 bytes besides its own. */
const MOST_FRAGMENTS = 16 * 1024;

/** Frames that are read before other sessions get their turn. They take a millisecond or two. */
const FRAMES_A_TURN = 256;

/** A connection to the upstream, plain or TLS. */
export interface UpstreamConn extends Readable, Writable {
  /** Ends it, what it reads and writes at the moment too. */
  close(): void;
}

/** What comes from the upstream: a message, valid until the next is asked for, or the end. */
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
 *
 * Not the package `ws`: it refuses a handshake whose answer picks none of the subprotocols offered,
 * which RFC 6455 allows and servers do; drops a `?` without a query; and sends a key of its own.
 */
export class UpstreamSocket {
  readonly #conn: UpstreamConn;
  readonly #source: ByteSource;
  readonly #writer: FrameWriter;
  #closeSent = false;
  #closed = false;
  #framesThisTurn = 0;

  /**
   * Takes a connection over.
   *
   * @param conn written to
   * @param source reads `conn`, and may hold bytes that followed the handshake
   */
  constructor(conn: UpstreamConn, source: ByteSource) {
    this.#conn = conn;
    this.#source = source;
    // A read finds out that the connection is gone, and tells.
    this.#writer = new FrameWriter(conn, () => this.destroy());
  }

  /** Bytes of memory that wait for the upstream to read on, besides what is being written. */
  get waitingBytes(): number {
    return this.#writer.cost;
  }

  /** Queues a message. */
  send(data: string | ArrayBuffer): void {
    if (this.#closeSent || this.#closed) return;
    if (typeof data === "string") this.#writer.push(OPCODE.text, new TextEncoder().encode(data));
    else this.#writer.push(OPCODE.binary, new Uint8Array(data));
  }

  /** Queues a close frame, once. */
  close(close: CloseInfo): void {
    if (this.#closeSent || this.#closed) return;
    this.#writer.push(OPCODE.close, encodeClose(close));
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
    await this.#writer.flushed();
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
    const message = new Fragments();
    for (;;) {
      if (++this.#framesThisTurn > FRAMES_A_TURN) await this.#nextTurn();
      const frame = frameAtHand(this.#source, message.room) ??
        await readFrame(this.#source, message.room);
      if (frame === undefined) return { kind: "lost" };
      if (frame.opcode >= OPCODE.close) {
        const close = this.#control(frame);
        if (close) return { kind: "close", close };
      } else if (message.add(frame)) {
        return { kind: "message", data: message.take() };
      }
    }
  }

  /** Bytes that have come are read without the event loop, and with it other sessions, in between. */
  async #nextTurn(): Promise<void> {
    await setImmediate();
    this.#framesThisTurn = 0;
  }

  #control({ opcode, payload }: Frame): CloseInfo | undefined {
    if (opcode === OPCODE.ping && !this.#closeSent) this.#writer.pong(payload);
    if (opcode !== OPCODE.close) return undefined;
    const close = decodeClose(payload);
    this.close(close);
    return close;
  }
}

/** A message that is being read, frame by frame. */
class Fragments {
  readonly #parts: Uint8Array<ArrayBuffer>[] = [];
  #opcode: number | undefined;
  #length = 0;

  /** Bytes that the next frame may carry. */
  get room(): number {
    return LONGEST_MESSAGE - this.#length;
  }

  /** Takes a frame, and tells whether it ends the message. */
  add({ opcode, payload, fin }: Frame): boolean {
    if ((opcode === OPCODE.continuation) === (this.#opcode === undefined)) {
      throw new FrameError(1002, "A message is continued that was not begun, or the reverse");
    }
    this.#opcode ??= opcode;
    if (payload.length > 0) this.#parts.push(fin ? payload : payload.slice());
    if (this.#parts.length > MOST_FRAGMENTS) {
      throw new FrameError(1009, `More than ${MOST_FRAGMENTS} fragments`);
    }
    this.#length += payload.length;
    return fin;
  }

  /** The message, once it has ended. */
  take(): string | Uint8Array<ArrayBuffer> {
    const whole = joined(this.#parts);
    return this.#opcode === OPCODE.text ? decodeText(whole) : whole;
  }
}
