/** A body in pieces. */
export type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>;

/**
 * A request's body on its way to the upstream. One that announces its length, or its chunks, is not
 * touched, so that the runtime pipes it natively. Two kinds go through JavaScript: one that announces
 * neither, see {@linkcode unannouncedBody}, and one without a length that a limit is set for, which is
 * counted. A length needs no counting: it is judged before (see `admitLength`), and HTTP/1.1 holds the
 * body to it.
 */
export class RequestBody {
  /** The limit in bytes; `undefined` for none. */
  readonly maxBytes: number | undefined;
  readonly #request: Request;
  #isTooLarge = false;

  /** Of a request, of which nothing is read yet. */
  constructor(request: Request, maxBytes: number | undefined) {
    this.#request = request;
    this.maxBytes = maxBytes;
  }

  /** Whether the limit was passed; the stream has then failed. */
  get isTooLarge(): boolean {
    return this.#isTooLarge;
  }

  /** What to send on: at once where it is not touched. Only to be called once. */
  open(): Promise<ByteStream | null> | ByteStream | null {
    const { body, headers } = this.#request;
    if (body === null || headers.has("content-length")) return body;
    return headers.has("transfer-encoding") ? this.#limited(body) : this.#unannounced(body);
  }

  async #unannounced(body: ByteStream): Promise<ByteStream | null> {
    const found = await unannouncedBody(body, this.#request.signal);
    return found && this.#limited(found);
  }

  #limited(stream: ByteStream): ByteStream {
    const { maxBytes } = this;
    if (maxBytes === undefined) return stream;
    let bytes = 0;
    return stream.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform: (chunk, controller) => {
          bytes += chunk.byteLength;
          this.#isTooLarge = bytes > maxBytes;
          if (this.#isTooLarge) controller.error(new RangeError(`Body exceeds ${maxBytes} bytes`));
          else controller.enqueue(chunk);
        },
      }),
    );
  }
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

/**
 * The body of a request that announces none. HTTP/1.1 then has none, while HTTP/2 needs no
 * announcement (RFC 9113 §8.1.1), and `Deno.serve` gives both a stream without telling which
 * protocol it was.
 *
 * - Its first piece tells whether there is one; to hand on an empty stream would invent
 *   `transfer-encoding: chunked`.
 * - Its end tells whether it was one: hyper reads a client's RST_STREAM with CANCEL or NO_ERROR as
 *   the end of the body, so the upstream would get a cut upload as if it were whole. The request's
 *   signal, which fires first, knows better.
 *
 * Guarded by `tests/wire/http2_messages_test.ts`.
 *
 * @param signal fires when the client leaves
 * @returns the body, or `null` where it is empty
 */
async function unannouncedBody(body: ByteStream, signal: AbortSignal): Promise<ByteStream | null> {
  const reader = body.getReader();
  let next = await nextPiece(reader);
  if (next === undefined && !signal.aborted) return null;
  return new ReadableStream({
    async pull(controller) {
      if (signal.aborted) return controller.error(signal.reason);
      if (next === undefined) return controller.close();
      controller.enqueue(next);
      next = await nextPiece(reader);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** The next piece that is not empty, as one is that ends an HTTP/2 stream. */
async function nextPiece(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  for (;;) {
    const { value } = await reader.read();
    if (value === undefined || value.length > 0) return value;
  }
}
