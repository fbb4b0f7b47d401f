import { Buffer } from "node:buffer";

/** What bytes are read from: a connection. */
export interface Readable {
  /** Fills a part of `into`; `null` at the end. */
  read(into: Uint8Array): Promise<number | null>;
}

const BUFFER_BYTES = 16 * 1024;

/**
 * Reads a connection by counts and delimiters, and shows what has come. What it reads too much it
 * keeps for the next call.
 */
export class ByteSource {
  readonly #from: Readable;
  readonly #storage = new Uint8Array(BUFFER_BYTES);
  #buffered: Uint8Array<ArrayBuffer> = this.#storage.subarray(0, 0);

  /** Takes over reading `from`: nobody else may read it from here on. */
  constructor(from: Readable) {
    this.#from = from;
  }

  /** What has come and was not taken, 16 KiB at most. It is valid until the next read. */
  get buffered(): Uint8Array<ArrayBuffer> {
    return this.#buffered;
  }

  /** Takes the first bytes of what is buffered, without a copy: valid until the next read. */
  take(count: number): Uint8Array<ArrayBuffer> {
    const taken = this.#buffered.subarray(0, count);
    this.#buffered = this.#buffered.subarray(count);
    return taken;
  }

  /** Reads on behind what is buffered; `false` at the end of the connection. */
  async more(): Promise<boolean> {
    const { length } = this.#buffered;
    if (length > 0) this.#storage.set(this.#buffered);
    this.#buffered = this.#storage.subarray(0, length);
    const count = await this.#from.read(this.#storage.subarray(length));
    this.#buffered = this.#storage.subarray(0, length + (count ?? 0));
    return count !== null;
  }

  /**
   * The next `count` bytes, or `undefined` where the connection ends before the first of them.
   *
   * @throws {Deno.errors.UnexpectedEof} when it ends inside them
   */
  async exact(count: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = await this.#upTo(count);
    if (bytes.length === 0 && count > 0) return undefined;
    if (bytes.length === count) return bytes;
    throw new Deno.errors.UnexpectedEof("The connection ended inside what was announced");
  }

  /**
   * Everything up to and including a delimiter, one character a byte.
   *
   * @throws {Deno.errors.InvalidData} when it does not come within 16 KiB
   * @throws {Deno.errors.UnexpectedEof} when the connection ends first
   */
  async until(delimiter: string): Promise<string> {
    for (;;) {
      const at = view(this.#buffered).indexOf(delimiter, 0, "latin1");
      if (at !== -1) return view(this.take(at + delimiter.length)).toString("latin1");
      if (this.#buffered.length === BUFFER_BYTES) {
        throw new Deno.errors.InvalidData("A head is too long");
      }
      if (await this.more()) continue;
      throw new Deno.errors.UnexpectedEof("The connection ended inside a response's head");
    }
  }

  /** The bytes to the end of the connection, or `limit` of them. */
  rest(limit: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#upTo(limit);
  }

  async #upTo(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(count);
    const buffered = this.take(count);
    bytes.set(buffered);
    let { length } = buffered;
    while (length < count) {
      const read = await this.#from.read(bytes.subarray(length));
      if (read === null) break;
      length += read;
    }
    return bytes.subarray(0, length);
  }
}

/** A view that is searched and read one character a byte, as HTTP/1.1 heads are. */
function view({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
