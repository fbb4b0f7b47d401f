import { toBytes } from "./bytes.ts";
import { DEFAULT_DEADLINE_MS, withDeadline } from "../time/deadline.ts";

const WRITE_SIZE = 64 * 1024;

/**
 * The sending half of a connection. Writes happen in the order they were asked for. A write that
 * fails on its deadline goes on in the background, so a test can see a peer hold it back, read
 * {@linkcode bytesWritten}, and then let it end.
 */
export class ByteWriter {
  #sink: Pick<Deno.Conn, "write">;
  #last: Promise<void> = Promise.resolve();
  #written = 0;

  constructor(sink: Pick<Deno.Conn, "write">) {
    this.#sink = sink;
  }

  /** Bytes the kernel has accepted so far. */
  get bytesWritten(): number {
    return this.#written;
  }

  /**
   * Writes all of `content`; a string is sent one byte a character.
   *
   * @throws {Deno.errors.TimedOut} When the kernel has not taken all of it within the deadline.
   */
  async write(
    content: string | Uint8Array,
    deadlineMs: number = DEFAULT_DEADLINE_MS,
  ): Promise<void> {
    const bytes = toBytes(content);
    const start = this.#written;
    this.#last = this.#last.then(() => this.#writeAll(bytes));
    await withDeadline(
      this.#last,
      deadlineMs,
      () => `${bytes.length} bytes to be written, ${this.#written - start} were accepted so far`,
    );
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let offset = 0;
    while (offset < bytes.length) {
      const count = await this.#sink.write(bytes.subarray(offset, offset + WRITE_SIZE));
      offset += count;
      this.#written += count;
    }
  }
}
