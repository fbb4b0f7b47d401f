/** What bytes are read from: a connection. */
export interface Readable {
  /** Fills a part of `into`; `null` at the end. */
  read(into: Uint8Array): Promise<number | null>;
}

const BUFFER_BYTES = 16 * 1024;

/** Reads a connection by counts and delimiters; what it reads too much it keeps for the next call. */
export class ByteSource {
  readonly #from: Readable;
  readonly #storage = new Uint8Array(BUFFER_BYTES);
  #buffered: Uint8Array<ArrayBuffer> = this.#storage.subarray(0, 0);

  /** Takes over reading `from`: nobody else may read it from here on. */
  constructor(from: Readable) {
    this.#from = from;
  }

  /**
   * The next `count` bytes, or `undefined` where the connection ends before the first of them.
   *
   * @throws {Deno.errors.UnexpectedEof} when it ends inside them
   */
  async exact(count: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = new Uint8Array(count);
    let length = this.#take(bytes);
    while (length < count) {
      const rest = bytes.subarray(length);
      const more = rest.length < BUFFER_BYTES
        ? await this.#fill() && this.#take(rest)
        : await this.#from.read(rest);
      if (!more && length === 0) return undefined;
      if (!more) throw new Deno.errors.UnexpectedEof("The connection ended inside a frame");
      length += more;
    }
    return bytes;
  }

  /**
   * Everything up to and including a delimiter, one character a byte.
   *
   * @throws {Deno.errors.InvalidData} when it does not come within 16 KiB
   * @throws {Deno.errors.UnexpectedEof} when the connection ends first
   */
  async until(delimiter: string): Promise<string> {
    let text = "";
    for (;;) {
      if (this.#buffered.length === 0 && !await this.#fill()) {
        throw new Deno.errors.UnexpectedEof("The connection ended inside a response's head");
      }
      const before = text.length;
      text += latin1(this.#buffered);
      const at = text.indexOf(delimiter);
      if (at !== -1) {
        const end = at + delimiter.length;
        this.#buffered = this.#buffered.subarray(end - before);
        return text.slice(0, end);
      }
      this.#buffered = this.#buffered.subarray(this.#buffered.length);
      if (text.length > BUFFER_BYTES) throw new Deno.errors.InvalidData("A head is too long");
    }
  }

  /** The bytes to the end of the connection, or `limit` of them. */
  async rest(limit: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(limit);
    let length = this.#take(bytes);
    while (length < limit) {
      const more = await this.#from.read(bytes.subarray(length));
      if (more === null) break;
      length += more;
    }
    return bytes.subarray(0, length);
  }

  #take(into: Uint8Array): number {
    const taken = this.#buffered.subarray(0, into.length);
    into.set(taken);
    this.#buffered = this.#buffered.subarray(taken.length);
    return taken.length;
  }

  /** Only with an empty buffer: its storage is used again. */
  async #fill(): Promise<boolean> {
    const count = await this.#from.read(this.#storage);
    this.#buffered = this.#storage.subarray(0, count ?? 0);
    return count !== null;
  }
}

/** One character a byte, as HTTP/1.1 heads are read. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
