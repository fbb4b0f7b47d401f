import { type Bytes, concatBytes, previewBytes } from "./bytes.ts";
import { DEFAULT_DEADLINE_MS, withDeadline } from "../time/deadline.ts";

/**
 * How the receiving direction ended: the peer's FIN, its RST, a TLS stream without `close_notify`,
 * our own close, or an error (a failed TLS handshake, mostly).
 */
export type ConnectionEnd = "fin" | "reset" | "truncated" | "closed here" | "failed";

/** Bytes and when the reader got them, in milliseconds of `performance.now()`. */
export interface Arrival {
  bytes: Bytes;
  at: number;
}

const READ_SIZE = 64 * 1024;

/**
 * The receiving half of a connection. It reads only when asked to, one read of at most 64 KiB at a
 * time, so a test that stops reading lets the kernel's buffers fill and the peer be held back.
 * A wait that fails on its deadline loses no byte: the read goes on and the next wait joins it.
 */
export class ByteReader {
  #source: Pick<Deno.Conn, "read">;
  #chunk: Bytes | undefined;
  #buffer: Bytes = new Uint8Array();
  #arrivedAt = 0;
  #reading: Promise<void> | undefined;
  #end: ConnectionEnd | undefined;
  #ended = Promise.withResolvers<ConnectionEnd>();
  #failure: unknown;

  constructor(source: Pick<Deno.Conn, "read">) {
    this.#source = source;
  }

  /** Bytes that have arrived and that nobody has taken. */
  get buffered(): Bytes {
    return this.#buffer;
  }

  /** When the newest of the buffered bytes were read, in milliseconds of `performance.now()`. */
  get arrivedAt(): number {
    return this.#arrivedAt;
  }

  /** How the connection ended, once a read has found out. */
  get end(): ConnectionEnd | undefined {
    return this.#end;
  }

  /** What the read failed with, where the end is `"failed"`. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Resolves when a read finds the end; it does not read by itself. */
  get ended(): Promise<ConnectionEnd> {
    return this.#ended.promise;
  }

  /** Starts one read in the background, so that a close is noticed while nobody waits. */
  prefetch(): void {
    if (this.#buffer.length < READ_SIZE) void this.#fill();
  }

  /** Waits until more bytes are buffered: true, or until there will be none: false. */
  async more(what: string, deadlineMs: number = DEFAULT_DEADLINE_MS): Promise<boolean> {
    if (this.#end) return false;
    const before = this.#buffer.length;
    await withDeadline(
      this.#fill(),
      deadlineMs,
      () => `${what}, received so far: ${previewBytes(this.#buffer)}`,
    );
    return this.#buffer.length > before;
  }

  /** Takes the first `count` buffered bytes, all by default. */
  take(count: number = this.#buffer.length): Arrival {
    const bytes = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return { bytes, at: this.#arrivedAt };
  }

  /** Takes what is buffered, or else the next bytes that come; null after the end. */
  async readSome(deadlineMs?: number): Promise<Arrival | null> {
    if (this.#buffer.length === 0) await this.more("bytes", deadlineMs);
    return this.#buffer.length === 0 ? null : this.take();
  }

  #fill(): Promise<void> {
    if (this.#end) return Promise.resolve();
    this.#reading ??= this.#read().finally(() => this.#reading = undefined);
    return this.#reading;
  }

  async #read(): Promise<void> {
    this.#chunk ??= new Uint8Array(READ_SIZE);
    try {
      const count = await this.#source.read(this.#chunk);
      if (count === null) return this.#finish("fin");
      this.#arrivedAt = performance.now();
      const fresh = this.#chunk.slice(0, count); // Small pieces do not hold 64 KiB each.
      this.#buffer = this.#buffer.length === 0 ? fresh : concatBytes([this.#buffer, fresh]);
    } catch (error) {
      this.#failure = error;
      this.#finish(endOf(error));
    }
  }

  #finish(end: ConnectionEnd): void {
    this.#end = end;
    this.#ended.resolve(end);
  }
}

function endOf(error: unknown): ConnectionEnd {
  if (error instanceof Deno.errors.ConnectionReset) return "reset";
  if (error instanceof Deno.errors.ConnectionAborted) return "reset";
  if (error instanceof Deno.errors.BrokenPipe) return "reset";
  if (error instanceof Deno.errors.UnexpectedEof) return "truncated";
  if (error instanceof Deno.errors.Interrupted) return "closed here";
  if (error instanceof Deno.errors.BadResource) return "closed here";
  return "failed";
}
