/**
 * The body of a request that announces none. HTTP/1.1 then has none, while HTTP/2 needs no
 * announcement (RFC 9113 §8.1.1), and `Deno.serve` gives both a stream without telling which
 * protocol it was. This one kind of body goes through JavaScript:
 *
 * - its first piece tells whether there is one; to hand on an empty stream would invent
 *   `transfer-encoding: chunked`;
 * - its end tells whether it was one: hyper reads a client's RST_STREAM with CANCEL or NO_ERROR as
 *   the end of the body, so the upstream would get a cut upload as if it were whole. The request's
 *   signal, which fires first, knows better.
 *
 * A body with a content-length needs neither. Guarded by `tests/wire/http2_messages_test.ts`.
 *
 * @param signal fires when the client leaves
 * @returns the body, or `null` where it is empty
 */
export async function unannouncedBody(
  body: NonNullable<Request["body"]>,
  signal: AbortSignal,
): Promise<Request["body"]> {
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
