/** A body in pieces. */
export type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>;

/** Thrown by {@linkcode PieceReader.read} when a body cannot be read as fast as it comes. */
export class ChunksTooSmall extends Error {
  /** As in a stack trace. */
  override readonly name = "ChunksTooSmall";
}

/** Milliseconds that the rest of a refused body stays unread, so that its answer goes out first. */
const LINGER = 1_000;

/**
 * Reads a body of unannounced length piece by piece, so that it costs others neither time nor memory.
 *
 * `Deno.serve` hands out one piece of one chunk at a read, and first takes off the connection as much as
 * was ever asked for on it. What is left over it keeps in one buffer without bound, all of which it
 * moves at every read. When a request ends before its body does, the rest is thrown away in one go, a
 * move for each chunk, and nothing else runs meanwhile: a minute for 50 MB in chunks of 1,000 bytes
 * (`docs/runtime/02-chunked-body.ts`). So:
 *
 * - a read asks for as much as a chunk holds: see {@linkcode ReadSize};
 * - reads follow one another as long as something is piled up, see {@linkcode PieceReader.isBehind}: the
 *   runtime learns of what has come since only when its event loop goes round;
 * - a body that piles up all the same, because its chunks are tiny, is given up: see
 *   {@linkcode ReadTimes}.
 *
 * Guarded by `tests/integration/hostile_uploads_test.ts`.
 */
export class PieceReader {
  readonly #source: Source;
  readonly #size = new ReadSize();
  readonly #times = new ReadTimes();

  /** Of a body of which nothing was read. */
  constructor(body: ByteStream) {
    this.#source = sourceOf(body);
  }

  /**
   * The next piece, never an empty one; `undefined` after the last.
   *
   * @throws {ChunksTooSmall} when the body is given up
   */
  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    for (;;) {
      const began = performance.now();
      const reading = this.#source.read(this.#size.bytes);
      const took = performance.now() - began; // What the runtime moves, it has moved by now.
      const piece = await reading;
      if (piece === undefined) return undefined;
      this.#size.learn(piece.length);
      if (this.#times.areTooLong(took, piece.length)) this.#giveUp();
      if (piece.length > 0) return piece; // An empty one ends a body of HTTP/2.
    }
  }

  /** Whether something is piled up, as far as the last read can tell. */
  get isBehind(): boolean {
    return this.#times.isLong;
  }

  /** Reads nothing more. */
  async cancel(reason?: unknown): Promise<void> {
    await this.#source.cancel(reason);
  }

  /** As long as a body may still be read, the runtime does not throw its rest away. */
  #giveUp(): never {
    setTimeout(() => this.cancel().catch(() => {}), LINGER);
    throw new ChunksTooSmall("Chunks come faster than they can be taken apart");
  }
}

/** Reads at most so many bytes at a time; `undefined` is the end. */
interface Source {
  read(bytes: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  cancel(reason?: unknown): Promise<void>;
}

function sourceOf(body: ByteStream): Source {
  try {
    return bytesOf(body.getReader({ mode: "byob" }));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return wholeOf(body.getReader()); // It came whole with its head, and is no byte stream.
  }
}

function bytesOf(reader: ReadableStreamBYOBReader): Source {
  let buffer = new ArrayBuffer(0);
  return {
    async read(bytes) {
      if (buffer.byteLength < bytes) buffer = new ArrayBuffer(bytes);
      const { value, done } = await reader.read(new Uint8Array(buffer, 0, bytes));
      if (done) return undefined;
      buffer = value.buffer;
      await undefined; // The stream has to be done with this read, or it would put the next one off,
      await undefined; // and nobody could tell how long that takes.
      return value.slice();
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

function wholeOf(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>): Source {
  return {
    read: async () => (await reader.read()).value,
    cancel: (reason) => reader.cancel(reason),
  };
}

/**
 * Bytes of a chunk's framing: CR LF behind the one before, a size of five digits, CR LF. What is short
 * of what was asked for by no more was cut there.
 */
const FRAMING = 12;

/**
 * How much to ask for at a read: what a chunk takes, so that no more comes in than goes out. It is
 * learnt from the pieces, and begins small, because it can only grow: what was once asked for on a
 * connection is read from then on. The least is what the longest line takes in front of a chunk, 4,096
 * bytes; in less the runtime looks for its end for ever.
 */
class ReadSize {
  #bytes = 4_112;
  /** Bytes of the chunk that is being read. */
  #chunk = 0;

  get bytes(): number {
    return this.#bytes;
  }

  learn(length: number): void {
    this.#chunk += length;
    if (length >= this.#bytes - FRAMING) return this.#atLeast(Math.min(this.#chunk, 16_384));
    if (this.#chunk > length) this.#atLeast(this.#chunk / Math.ceil(this.#chunk / 65_536));
    this.#chunk = 0;
  }

  #atLeast(data: number): void {
    this.#bytes = Math.max(this.#bytes, Math.ceil(data) + 2 * FRAMING);
  }
}

/** Milliseconds that a long read takes at least, and how often it takes as long as the quickest. */
const LONG = { least: 0.006, times: 4 };
/** Milliseconds that one takes at least that is too long, and how many have to be, in a row. */
const TOO_LONG = { least: 0.02, reads: 16 };
/** Square milliseconds for each byte of a piece. */
const SQUARE = 1e-5;

/** What the quickest read of any body took so far, in milliseconds: one with nothing to move. */
let quickest = Infinity;

/**
 * Whether a body piles up, told by the time that reads take. Each moves all that is piled up, B bytes, v
 * bytes a millisecond. To throw it away, a chunk of c bytes at a time, takes B / c such moves, half as
 * long on average: B² / 2cv, or t²·v / 2c for a read that takes t = B / v. With 20 MB for v, that is 100
 * ms where t² / c is a 100,000th. The first reads of a worker, and those of a slow machine, take long
 * with nothing to move; so a long one is also longer than others were.
 */
class ReadTimes {
  #isLong = false;
  #tooLong = 0;

  /** Whether the last one was long, so that something may be piled up. */
  get isLong(): boolean {
    return this.#isLong;
  }

  areTooLong(took: number, length: number): boolean {
    quickest = Math.min(quickest, took);
    this.#isLong = took > Math.max(LONG.least, LONG.times * quickest);
    const isTooLong = this.#isLong && took > TOO_LONG.least && took ** 2 > SQUARE * length;
    this.#tooLong = isTooLong ? this.#tooLong + 1 : 0;
    return this.#tooLong >= TOO_LONG.reads;
  }
}
