import fc from "fast-check";
import { type Bytes, concatBytes, toBytes } from "../../kit/http1/bytes.ts";
import { splitAt, splits } from "../../kit/http1/splits.ts";

/** A body and how it is to be sent. */
export interface SentBody {
  content: Bytes;
  framing: "content-length" | "chunked";
  /** As framed, cut into what is written at once. */
  segments: Bytes[];
}

/** Any body in any framing, cut into chunks and, anywhere, into segments. */
export function sentBody(): fc.Arbitrary<SentBody> {
  return fc.record({
    content: fc.oneof(binary(), eventStream()),
    framing: fc.constantFrom("content-length" as const, "chunked" as const),
    chunkCuts: splits,
    extension: fc.constantFrom("", "", ";a", ';a=b;c="d;\\"e"'),
    segmentCuts: splits,
  }).map(({ content, framing, chunkCuts, extension, segmentCuts }) => {
    const chunks = splitAt(content, chunkCuts).filter((chunk) => chunk.length > 0);
    const framed = framing === "chunked" ? chunked(chunks, extension) : content;
    return { content, framing, segments: splitAt(framed, segmentCuts) };
  });
}

/** The line that announces it. */
export function framingLine({ framing, content }: SentBody): [name: string, value: string] {
  return framing === "chunked"
    ? ["Transfer-Encoding", "chunked"]
    : ["Content-Length", String(content.length)];
}

/** RFC 9112 §7.1. */
function chunked(chunks: readonly Bytes[], extension: string): Bytes {
  const framed = chunks.flatMap((chunk) => [
    toBytes(`${chunk.length.toString(16)}${extension}\r\n`),
    chunk,
    toBytes("\r\n"),
  ]);
  return concatBytes([...framed, toBytes("0\r\n\r\n")]);
}

function binary(): fc.Arbitrary<Bytes> {
  const short = fc.uint8Array({ maxLength: 300 });
  const long = fc.tuple(
    fc.uint8Array({ minLength: 1, maxLength: 64 }),
    fc.integer({ min: 1, max: 4_000 }),
  )
    .map(([unit, times]) => concatBytes(Array(times).fill(unit)));
  return fc.oneof({ weight: 4, arbitrary: short }, { weight: 1, arbitrary: long })
    .map((bytes) => new Uint8Array(bytes));
}

/** Events as a model API sends them, in text of every width. */
function eventStream(): fc.Arbitrary<Bytes> {
  const event = fc.tuple(
    fc.constantFrom("ping", "content_block_delta"),
    fc.string({ unit: "binary" }),
  )
    .map(([name, text]) => `event: ${name}\ndata: ${JSON.stringify({ text })}\n\n`);
  return fc.array(event, { maxLength: 20 }).map((events) =>
    new TextEncoder().encode(events.join(""))
  );
}
