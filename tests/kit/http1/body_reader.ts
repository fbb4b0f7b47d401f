import type { Arrival, ByteReader } from "./byte_reader.ts";
import { type Bytes, concatBytes } from "./bytes.ts";
import { ChunkedDecoder } from "./chunked_decoder.ts";
import { DEFAULT_DEADLINE_MS } from "../time/deadline.ts";
import type { Framing } from "./framing.ts";
import type { HeaderList } from "./message_head.ts";

/**
 * `"complete"`: by its framing. `"closed"`: delimited by a clean close, as it may be. `"cut"`: the
 * connection ended before the framing said so, or by a reset, or TLS without `close_notify`.
 */
export type BodyEnd = "complete" | "closed" | "cut";

/** A whole body. */
export interface Body {
  bytes: Bytes;
  trailers: HeaderList;
  ended: BodyEnd;
  /** Sizes of the chunks as sent; empty for other framings. */
  chunkSizes: number[];
}

/** Reads one message's body strictly, at once or piece by piece. */
export class BodyReader {
  readonly framing: Framing;
  #reader: ByteReader;
  #decoder = new ChunkedDecoder();
  #received: Bytes[] = [];
  #count = 0;
  #ended: BodyEnd | undefined;

  constructor(reader: ByteReader, framing: Framing) {
    this.#reader = reader;
    this.framing = framing;
    this.#checkEnd();
  }

  /** How the body ended, or undefined while it has not. */
  get ended(): BodyEnd | undefined {
    return this.#ended;
  }

  /** Everything read so far. */
  get received(): Bytes {
    if (this.#received.length > 1) this.#received = [concatBytes(this.#received)];
    return this.#received[0] ?? new Uint8Array();
  }

  /** Trailers, once a chunked body is complete. */
  get trailers(): HeaderList {
    return this.#decoder.trailers;
  }

  /**
   * The next piece of the body, decoded, or null after its end.
   *
   * @throws {Deno.errors.InvalidData} On a malformed chunked body.
   * @throws {Deno.errors.TimedOut} When nothing arrives within the deadline.
   */
  async readSome(deadlineMs: number = DEFAULT_DEADLINE_MS): Promise<Arrival | null> {
    const until = performance.now() + deadlineMs;
    while (this.#ended === undefined) {
      const piece = this.#takeBuffered();
      this.#checkEnd();
      if (piece.bytes.length > 0) return piece;
      if (this.#ended !== undefined) break;
      const open = await this.#reader.more(this.#describe(), until - performance.now());
      if (!open) this.#ended = this.#endAtClose();
    }
    return null;
  }

  /** The whole body, what {@linkcode readSome} gave before included. */
  async readAll(deadlineMs: number = DEFAULT_DEADLINE_MS): Promise<Body> {
    const until = performance.now() + deadlineMs;
    while (await this.readSome(until - performance.now()) !== null);
    return {
      bytes: this.received,
      trailers: this.trailers,
      ended: this.#ended ?? "cut",
      chunkSizes: this.#decoder.sizes,
    };
  }

  #takeBuffered(): Arrival {
    const piece = this.framing.kind === "chunked" ? this.#decode() : this.#takeRaw();
    if (piece.bytes.length > 0) this.#received.push(piece.bytes);
    this.#count += piece.bytes.length;
    return piece;
  }

  #takeRaw(): Arrival {
    if (this.framing.kind === "length") {
      return this.#reader.take(
        Math.min(this.framing.length - this.#count, this.#reader.buffered.length),
      );
    }
    return this.#reader.take();
  }

  #decode(): Arrival {
    const buffered = this.#reader.buffered;
    const { data, rest } = this.#decoder.push(buffered);
    const { at } = this.#reader.take(buffered.length - rest.length);
    return { bytes: data.length === 1 && data[0] ? data[0] : concatBytes(data), at };
  }

  #checkEnd(): void {
    const { framing } = this;
    const complete = framing.kind === "none" ||
      (framing.kind === "length" && this.#count === framing.length) ||
      (framing.kind === "chunked" && this.#decoder.done);
    if (complete) this.#ended = "complete";
  }

  #endAtClose(): BodyEnd {
    const clean = this.framing.kind === "until close" && this.#reader.end === "fin";
    return clean ? "closed" : "cut";
  }

  #describe(): string {
    const { framing } = this;
    const whole = framing.kind === "length" ? `${framing.length} bytes` : framing.kind;
    return `more of a body (${whole}; ${this.#count} bytes decoded)`;
  }
}
