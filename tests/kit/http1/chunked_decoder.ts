import { type Bytes, latin1Text } from "./bytes.ts";
import { type HeaderList, parseFieldLine, TOKEN } from "./message_head.ts";

/** RFC 9112 §7.1, without the blanks it tells senders not to write. */
const CHUNK_LINE = new RegExp(
  `^([0-9A-Fa-f]{1,13})((?:;${TOKEN}(?:=(?:${TOKEN}|"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\xff]|\\\\.)*"))?)*)$`,
);
const LONGEST_LINE = 64 * 1024;
const LF = 0x0a;

type State = "size" | "data" | "data end" | "trailers" | "done";

/** Decodes the chunked transfer coding from pieces split anywhere; anything malformed throws. */
export class ChunkedDecoder {
  /** Sizes of the data chunks in order, the last chunk (0) not among them. */
  readonly sizes: number[] = [];
  /** Extensions as written, `";name=value"`, one entry a chunk, the last chunk included. */
  readonly extensions: string[] = [];
  readonly trailers: HeaderList = [];
  #state: State = "size";
  #left = 0;
  #line = "";

  /** Whether the last chunk, the trailers and the empty line have been seen. */
  get done(): boolean {
    return this.#state === "done";
  }

  /**
   * Decodes more bytes.
   *
   * @returns The data among them, and the bytes after the end of the body.
   * @throws {Deno.errors.InvalidData} On anything else than the grammar.
   */
  push(bytes: Bytes): { data: Bytes[]; rest: Bytes } {
    const data: Bytes[] = [];
    let rest = bytes;
    while (rest.length > 0 && !this.done) {
      rest = this.#state === "data" ? this.#takeData(rest, data) : this.#takeLine(rest);
    }
    return { data, rest };
  }

  #takeData(bytes: Bytes, data: Bytes[]): Bytes {
    const piece = bytes.subarray(0, this.#left);
    data.push(piece);
    this.#left -= piece.length;
    if (this.#left === 0) this.#state = "data end";
    return bytes.subarray(piece.length);
  }

  #takeLine(bytes: Bytes): Bytes {
    const feed = bytes.indexOf(LF);
    const count = feed === -1 ? bytes.length : feed + 1;
    this.#line += latin1Text(bytes.subarray(0, count));
    this.#checkLine();
    if (feed !== -1) this.#endLine();
    return bytes.subarray(count);
  }

  /** Finds a wrong line as soon as its bytes are there, not when it ends, which may be never. */
  #checkLine(): void {
    const line = this.#line;
    const control = line.search(/[\r\n]/);
    const ending = control === -1 ? "" : line.slice(control);
    const text = control === -1 ? line : line.slice(0, control);
    const endsWell = ending === "" || ending === "\r" || ending === "\r\n";
    const empty = this.#state !== "data end" || text === "";
    const hex = this.#state !== "size" || /^[0-9A-Fa-f]{0,13}(?:;|$)/.test(text);
    if (!endsWell || !empty || !hex || line.length > LONGEST_LINE) throw this.#malformed();
  }

  #endLine(): void {
    const line = this.#line.slice(0, -2);
    if (this.#state === "size") this.#startChunk(line);
    else if (this.#state === "data end") this.#state = "size";
    else if (line === "") this.#state = "done";
    else this.trailers.push(parseFieldLine(line));
    this.#line = "";
  }

  #startChunk(line: string): void {
    const [, size, extension] = CHUNK_LINE.exec(line) ?? [];
    if (size === undefined || extension === undefined) throw this.#malformed();
    this.#left = Number.parseInt(size, 16);
    this.extensions.push(extension);
    if (this.#left > 0) this.sizes.push(this.#left);
    this.#state = this.#left > 0 ? "data" : "trailers";
  }

  #malformed(): Error {
    const expected = { size: "a chunk size", "data end": "CRLF after a chunk's data" };
    const wanted = expected[this.#state as "size" | "data end"] ?? "a trailer line";
    return new Deno.errors.InvalidData(
      `Malformed chunked body: expected ${wanted}, got ${JSON.stringify(this.#line.slice(0, 200))}`,
    );
  }
}
