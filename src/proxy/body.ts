import type { Failure } from "./failure.ts";
import { type ByteStream, ChunksTooSmall, PieceReader } from "./piece_reader.ts";

/** What is read in a row: little, since nothing else gets its turn meanwhile. */
const ROW = { bytes: 65_536, pieces: 128 };
/** The same while more is piled up: in a long row more goes out than comes in. */
const LONG_ROW = { bytes: 524_288, pieces: 1_024 };
/** Bytes of a piece on average below which a row is followed by a rest: such a body is mere work. */
const TINY = 64;
/** Milliseconds. */
const REST = 1;
/** Bytes of the longest body that is held to be sent again. */
const MOST_HELD = 1_048_576;
/**
 * Bytes of all bodies that are held at a time. Strangers may announce bodies that they never end, and
 * each takes up to four times its length; what finds no room is not held.
 */
const MOST_HELD_TOGETHER = 32 * MOST_HELD;
/** Bytes of those that are held, or are to be. */
let heldTogether = 0;

/**
 * A request's body on its way to the upstream. One that announces its length is not touched, so that
 * the runtime pipes it natively: it was judged by that before (see `admitLength`), and is held to it.
 * Any other is read in pieces, see {@linkcode PieceReader}, and counted.
 *
 * Where a request may have to be sent again, a short body of known length is read whole and held.
 */
export class RequestBody {
  readonly #request: Request;
  readonly #maxBytes: number | undefined;
  #failure: Failure | undefined;
  #held: Uint8Array<ArrayBuffer> | undefined;
  /** Bytes that it counts in {@linkcode heldTogether}. */
  #room = 0;

  /**
   * Of a request, of which nothing is read yet.
   *
   * @param maxBytes the limit; `undefined` for none
   */
  constructor(request: Request, maxBytes: number | undefined) {
    this.#request = request;
    this.#maxBytes = maxBytes;
  }

  /** Why it was given up before its end; its stream has then failed. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Whether {@linkcode open} can be called again: there is no body, or it is held. */
  get isRepeatable(): boolean {
    return this.#request.body === null || this.#held !== undefined;
  }

  /**
   * What to send on: at once where it is not touched.
   *
   * @param holds whether to hold a short body, so that it can be opened again
   */
  open(holds: boolean): Promise<ByteStream | null> | ByteStream | null {
    if (this.#held !== undefined) return streamOf(this.#held);
    const { body, headers } = this.#request;
    if (body === null) return null;
    const length = headers.get("content-length");
    if (length !== null) {
      return holds && this.#finds(Number(length)) ? this.#hold(Number(length)) : body;
    }
    const reader = new PieceReader(body);
    return headers.has("transfer-encoding") ? this.#stream(reader) : this.#unlessEmpty(reader);
  }

  /** It will not be opened again. */
  letGo(): void {
    heldTogether -= this.#room;
    this.#room = 0;
    this.#held = undefined;
  }

  /** Whether there is room for it to be held, which it then has. */
  #finds(room: number): boolean {
    if (room > MOST_HELD || heldTogether + room > MOST_HELD_TOGETHER) return false;
    heldTogether += room;
    this.#room = room;
    return true;
  }

  async #hold(length: number): Promise<ByteStream> {
    try {
      const bytes = await this.#request.bytes();
      if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes of ${length}`);
      this.#held = bytes;
      return streamOf(bytes);
    } catch (error) {
      this.#failure = { kind: "body_broken", words: String(error) };
      throw error;
    }
  }

  /**
   * The body of a request that announces none. HTTP/1.1 then has none, while HTTP/2 needs no
   * announcement (RFC 9113 §8.1.1), and `Deno.serve` gives both a stream without telling which
   * protocol it was. The first piece tells: to hand on an empty stream would invent
   * `transfer-encoding: chunked`. Guarded by `tests/wire/http2_messages_test.ts`.
   */
  async #unlessEmpty(reader: PieceReader): Promise<ByteStream | null> {
    const first = await this.#read(reader);
    if (first === undefined && !this.#request.signal.aborted) return null;
    return this.#stream(reader, first);
  }

  /** A stream that reads a row of pieces when it is asked for one. */
  #stream(reader: PieceReader, first?: Uint8Array<ArrayBuffer>): ByteStream {
    let next = first;
    let left = this.#maxBytes ?? Infinity;
    return new ReadableStream({
      pull: async (controller) => {
        const row = { bytes: 0, pieces: 0 };
        while (hasRoom(row, reader.isBehind ? LONG_ROW : ROW)) {
          const piece = next ?? await this.#read(reader);
          next = undefined;
          if (piece === undefined) return this.#end(controller);
          left -= piece.length;
          if (left < 0) await this.#giveUp(reader);
          controller.enqueue(piece);
          row.bytes += piece.length;
          row.pieces++;
        }
        if (row.bytes < TINY * row.pieces) await new Promise((later) => setTimeout(later, REST));
      },
      cancel: (reason) => reader.cancel(reason),
    }, { highWaterMark: 0 });
  }

  async #read(reader: PieceReader): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      return await reader.read();
    } catch (error) {
      if (error instanceof ChunksTooSmall) this.#failure = { kind: "chunks_too_small" };
      throw error;
    }
  }

  /**
   * The last piece was read, or the client has left: hyper reads an RST_STREAM with CANCEL or NO_ERROR
   * as the end of the body, so the upstream would get a cut upload as if it were whole. The request's
   * signal, which fires first, knows better.
   */
  #end(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void {
    const { signal } = this.#request;
    if (signal.aborted) controller.error(signal.reason);
    else controller.close();
  }

  async #giveUp(reader: PieceReader): Promise<never> {
    const maxBytes = this.#maxBytes ?? Infinity;
    this.#failure = { kind: "body_too_large", maxBytes };
    await reader.cancel();
    throw new RangeError(`Body exceeds ${maxBytes} bytes`);
  }
}

function hasRoom({ bytes, pieces }: typeof ROW, most: typeof ROW): boolean {
  return bytes < most.bytes && pieces < most.pieces;
}

/** Not a body of bytes, which `fetch` would send again at its own discretion. */
function streamOf(bytes: Uint8Array<ArrayBuffer>): ByteStream {
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  }, { highWaterMark: 0 });
}

/**
 * A stream of known length. `Deno.serve` holds a body that came along with its head as bytes, and
 * `fetch` finds them again behind the stream made of them; it does not look behind a blob's stream,
 * and takes its size for the `content-length`.
 */
export class StreamedBody extends Blob {
  /** In bytes. */
  override readonly size: number;
  readonly #stream: ByteStream;

  /** Of so many bytes. */
  constructor(stream: ByteStream, size: number) {
    super();
    this.#stream = stream;
    this.size = size;
  }

  /** The one stream there is. */
  override stream(): ByteStream {
    return this.#stream;
  }
}
