import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { decodeHeaderBlock, encodeHeaderBlock } from "../../kit/http2/hpack.ts";

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));

Deno.test("header blocks of RFC 7541 appendix C decode", () => {
  const cases: [hex: string, headers: [string, string][]][] = [
    ["040c 2f73 616d 706c 652f 7061 7468", [[":path", "/sample/path"]]],
    ["1008 7061 7373 776f 7264 0673 6563 7265 74", [["password", "secret"]]],
    ["82", [[":method", "GET"]]],
    ["8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", [
      [":method", "GET"],
      [":scheme", "http"],
      [":path", "/"],
      [":authority", "www.example.com"],
    ]],
    ["4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff", [
      [":status", "302"],
      ["cache-control", "private"],
      ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
    ]],
    ["20 82", [[":method", "GET"]]], // The dynamic table's size is set to 0 first.
  ];
  for (const [hex, headers] of cases) assert.deepEqual(decodeHeaderBlock(bytes(hex)), headers);
});

Deno.test("what uses the dynamic table, or ends too early, is refused", () => {
  for (const hex of ["be", "10", "1008 70", "ff"]) {
    assert.throws(() => decodeHeaderBlock(bytes(hex)), Deno.errors.InvalidData, hex);
  }
});

Deno.test("whatever is encoded decodes", () => {
  const text = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)),
  });
  const field = fc.tuple(text, fc.oneof(text, text.map((value) => value.repeat(200))));
  fc.assert(fc.property(fc.array(field), (headers) => {
    assert.deepEqual(decodeHeaderBlock(encodeHeaderBlock(headers)), headers);
  }));
});
