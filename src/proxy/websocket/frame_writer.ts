import { type Writable, writeAll } from "../../net/write_all.ts";
import { encodeFrame, OPCODE } from "./frames.ts";

/**
 * Bytes that a waiting frame counts besides its own. It held them in memory before frames were
 * joined; now the count ends a flood of small ones early.
 */
const OVERHEAD = 512;

/** Bytes of small frames that are joined, and written at once. */
const BLOCK_BYTES = 64 * 1024;
/** Frames that may wait each by itself, where they take 50 times their own bytes. */
const MOST_LOOSE = 256;

/** Frames that are written at once. */
interface Block {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly cost: number;
}

/**
 * Sends frames to the upstream, in order and as fast as it reads. Frames that wait are joined, so a
 * client that sends thousands of small messages costs few writes and little memory.
 */
export class FrameWriter {
  readonly #conn: Writable;
  readonly #onFailure: () => void;
  #blocks: Block[] = [];
  #loose: Uint8Array<ArrayBuffer>[] = [];
  #looseBytes = 0;
  #pong: Uint8Array<ArrayBuffer> | undefined;
  #cost = 0;
  #writing: Promise<void> | undefined;
  #hasFailed = false;

  /**
   * Takes over writing `conn`: nobody else may write to it from here on.
   *
   * @param onFailure called once, when a write has failed; what waits then, or is queued later, is dropped
   */
  constructor(conn: Writable, onFailure: () => void) {
    this.#conn = conn;
    this.#onFailure = onFailure;
  }

  /** What waits behind what is being written, in bytes, each frame with an overhead of 512. */
  get cost(): number {
    return this.#cost;
  }

  /** Queues a frame. */
  push(opcode: number, payload: Uint8Array): void {
    if (this.#hasFailed) return;
    const frame = encodeFrame(opcode, payload);
    const isFull = this.#looseBytes + frame.length > BLOCK_BYTES;
    if (isFull || this.#loose.length === MOST_LOOSE) this.#join();
    this.#loose.push(frame);
    this.#looseBytes += frame.length;
    this.#cost += frame.length + OVERHEAD;
    this.#writing ??= this.#write();
  }

  /** Queues the answer to a ping, in place of one that still waits (RFC 6455 §5.5.3). */
  pong(payload: Uint8Array): void {
    if (this.#hasFailed) return;
    this.#pong = encodeFrame(OPCODE.pong, payload);
    this.#writing ??= this.#write();
  }

  /** Resolves once nothing waits any more. */
  async flushed(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    try {
      for (let bytes = this.#next(); bytes; bytes = this.#next()) await writeAll(this.#conn, bytes);
    } catch {
      this.#drop();
      this.#onFailure();
    }
    this.#writing = undefined;
  }

  #drop(): void {
    this.#hasFailed = true;
    this.#blocks = [];
    this.#loose = [];
    this.#looseBytes = 0;
    this.#pong = undefined;
    this.#cost = 0;
  }

  #next(): Uint8Array<ArrayBuffer> | undefined {
    const pong = this.#pong;
    this.#pong = undefined;
    if (pong) return pong;
    if (this.#blocks.length === 0) this.#join();
    const block = this.#blocks.shift();
    this.#cost -= block?.cost ?? 0;
    return block?.bytes;
  }

  #join(): void {
    if (this.#loose.length === 0) return;
    const cost = this.#looseBytes + this.#loose.length * OVERHEAD;
    this.#blocks.push({ bytes: joined(this.#loose), cost });
    this.#loose = [];
    this.#looseBytes = 0;
  }
}

/** Joins parts of one whole; a single one is not copied. */
export function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const [first = new Uint8Array()] = parts;
  if (parts.length <= 1) return first;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
