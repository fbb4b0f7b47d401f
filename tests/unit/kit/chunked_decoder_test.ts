import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, concatBytes, latin1Bytes, latin1Text } from "../../kit/http1/bytes.ts";
import { ChunkedDecoder } from "../../kit/http1/chunked_decoder.ts";
import { splitAt, splits } from "../../kit/http1/splits.ts";

/** A chunk in the words of RFC 9112, its size in either case and with leading zeros. */
const encodedChunk = fc.record({
  content: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  zeros: fc.integer({ min: 0, max: 3 }),
  upper: fc.boolean(),
  extension: fc.constantFrom("", ";a", ";a=b", ';a="x;\\" y"', ";a;b=c"),
}).map(({ content, zeros, upper, extension }) => {
  const digits = content.length.toString(16);
  const size = "0".repeat(zeros) + (upper ? digits.toUpperCase() : digits);
  const wire = [latin1Bytes(`${size}${extension}\r\n`), content, latin1Bytes("\r\n")];
  return { content, extension, wire: concatBytes(wire) };
});

const trailerLines = fc.array(fc.constantFrom("x-a: 1", "X-B:2", "x-c:"), { maxLength: 3 });

Deno.test("a chunked body split anywhere decodes to its content, and nothing after it is taken", () => {
  const property = fc.property(
    fc.array(encodedChunk, { maxLength: 5 }),
    trailerLines,
    fc.uint8Array({ maxLength: 20 }),
    splits,
    (chunks, trailers, after, cuts) => {
      const end = `0\r\n${trailers.map((line) => `${line}\r\n`).join("")}\r\n`;
      const wire = concatBytes([...chunks.map((chunk) => chunk.wire), latin1Bytes(end), after]);
      const { decoder, data, rest } = decode(splitAt(wire, cuts));
      assert.equal(decoder.done, true);
      assert.deepEqual(data, concatBytes(chunks.map((chunk) => chunk.content)));
      assert.deepEqual(rest, concatBytes([after]));
      assert.deepEqual(decoder.sizes, chunks.map((chunk) => chunk.content.length));
      assert.deepEqual(decoder.extensions, [...chunks.map((chunk) => chunk.extension), ""]);
      assert.equal(decoder.trailers.length, trailers.length);
    },
  );
  fc.assert(property, { numRuns: 300 });
});

Deno.test("a body that stops anywhere before its end is not done", () => {
  const wire = latin1Bytes("3\r\nabc\r\n0\r\nx: y\r\n\r\n");
  for (let length = 0; length < wire.length; length++) {
    assert.equal(decode([wire.slice(0, length)]).decoder.done, false);
  }
});

Deno.test("trailers keep order, case and duplicates", () => {
  const { decoder } = decode([latin1Bytes("0\r\nX-B: 2\r\nx-a:\t1 \r\nX-B: 3\r\n\r\n")]);
  assert.deepEqual(decoder.trailers, [["X-B", "2"], ["x-a", "1"], ["X-B", "3"]]);
});

for (
  const wire of [
    "\r\n",
    "g\r\n",
    " 3\r\nabc\r\n",
    "3 \r\nabc\r\n",
    "-3\r\nabc\r\n",
    "+3\r\nabc\r\n",
    "0x3\r\nabc\r\n",
    "3\nabc\r\n",
    "3\r\r\nabc",
    "3\rabc",
    "3\r\nabcd",
    "3\r\nabc\n",
    "3\r\nabc0\r\n",
    "ffffffffffffff\r\n",
    "3;\r\nabc\r\n",
    "3; a\r\nabc\r\n",
    "3;a=\r\nabc\r\n",
    '3;a="b\r\nabc\r\n',
    "0\r\nno colon\r\n",
    "0\r\nx : y\r\n",
    "0\r\nx: y\r\n folded\r\n",
    "0\r\nx: y\n",
    "0\r\n\n",
    "HTTP/1.1 200 OK\r\n",
  ]
) {
  Deno.test(`the malformed chunked body ${JSON.stringify(wire)} is refused, split or not`, () => {
    assert.throws(() => decode([latin1Bytes(wire)]), Deno.errors.InvalidData);
    const single = [...latin1Bytes(wire)].map((byte) => Uint8Array.of(byte));
    assert.throws(() => decode(single), Deno.errors.InvalidData);
  });
}

Deno.test("a wrong size is refused before its line ends", () => {
  assert.throws(() => decode([latin1Bytes("Z")]), /expected a chunk size, got "Z"/);
});

function decode(pieces: Bytes[]): { decoder: ChunkedDecoder; data: Bytes; rest: Bytes } {
  const decoder = new ChunkedDecoder();
  const results = pieces.map((piece) => decoder.push(piece));
  return {
    decoder,
    data: latin1Bytes(results.flatMap(({ data }) => data).map(latin1Text).join("")),
    rest: concatBytes(results.map(({ rest }) => rest)),
  };
}
