import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, latin1Bytes, latin1Text, previewBytes } from "../../kit/http1/bytes.ts";

Deno.test("every byte survives as a character", () => {
  const all = Uint8Array.from({ length: 256 }, (_, index) => index);
  assert.deepEqual(latin1Bytes(latin1Text(all)), all);
});

Deno.test("a character without a byte is refused", () => {
  assert.throws(() => latin1Bytes("a€"), /Cannot send "€" as one byte/);
});

Deno.test("pieces join to what they were split from", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array()), (pieces) => {
    assert.deepEqual([...concatBytes(pieces)], pieces.flatMap((piece) => [...piece]));
  }));
});

Deno.test("a preview counts all bytes and quotes the last", () => {
  assert.equal(previewBytes(latin1Bytes("a\r\nb"), 2), String.raw`4 bytes ending in "\nb"`);
  assert.equal(previewBytes(latin1Bytes("")), '0 bytes ""');
});
