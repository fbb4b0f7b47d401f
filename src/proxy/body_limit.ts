/** A request body that may be cut off. */
export interface LimitedBody {
  /** What to send on. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** Whether the limit was passed; the stream has then failed. */
  readonly exceeded: boolean;
}

/**
 * Holds a body to a limit. One that announces its length is judged by that before it is read (see
 * the handler), and HTTP/1.1 holds it to the length: only an unannounced one is counted, and only
 * when a limit is set, because counting takes its bytes through JavaScript.
 *
 * @param maxBytes the limit in bytes; `undefined` for none
 */
export function limitBody(
  stream: ReadableStream<Uint8Array<ArrayBuffer>> | null,
  headers: Headers,
  maxBytes: number | undefined,
): LimitedBody {
  if (stream === null || maxBytes === undefined || headers.has("content-length")) {
    return { stream, exceeded: false };
  }
  const state = { stream, exceeded: false };
  let bytes = 0;
  state.stream = stream.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        state.exceeded = bytes > maxBytes;
        if (state.exceeded) controller.error(new RangeError(`Body exceeds ${maxBytes} bytes`));
        else controller.enqueue(chunk);
      },
    }),
  );
  return state;
}
