/** Collects the lines of a stream as they come. */
export class LineLog {
  /** Complete lines so far, without their ends, and at the stream's end what was left over. */
  readonly lines: string[] = [];
  /** Resolves at the end of the stream. */
  readonly done: Promise<void>;
  #rest = "";
  #changed: () => void;
  #reading = Promise.withResolvers<void>();

  /** @param changed Called after every change. */
  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>, changed: () => void) {
    this.#changed = changed;
    this.resume();
    this.done = this.#collect(stream);
  }

  /** Everything so far, the incomplete last line included. */
  get text(): string {
    return [...this.lines, this.#rest].join("\n");
  }

  /** Stops reading, so that the pipe fills up. */
  stall(): void {
    this.#reading = Promise.withResolvers();
  }

  /** Reads on. */
  resume(): void {
    this.#reading.resolve();
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const pieces = (this.#rest + text).split("\n");
      this.#rest = pieces.pop() ?? "";
      this.lines.push(...pieces);
      this.#changed();
      await this.#reading.promise;
    }
    if (this.#rest !== "") this.lines.push(this.#rest);
    this.#rest = "";
    this.#changed();
  }
}
