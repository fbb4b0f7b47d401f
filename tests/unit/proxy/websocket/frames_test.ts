import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteSource } from "../../../../src/net/byte_source.ts";
import {
  decodeClose,
  decodeText,
  encodeClose,
  encodeFrame,
  frameAtHand,
  FrameError,
  maySend,
  readFrame,
} from "../../../../src/proxy/websocket/frames.ts";

const bytes = (hex: string) => Uint8Array.fromHex(hex.replaceAll(" ", ""));

/** A connection that gives its bytes in pieces of the given sizes, in turn. */
function sourceOf(content: Uint8Array, pieces: number[] = [Infinity]): ByteSource {
  let at = 0;
  let turn = 0;
  return new ByteSource({
    read(into) {
      if (at === content.length) return Promise.resolve(null);
      const size = Math.min(into.length, pieces[turn++ % pieces.length] ?? 1);
      const piece = content.subarray(at, at + size);
      into.set(piece);
      at += piece.length;
      return Promise.resolve(piece.length);
    },
  });
}

/** A masked frame as a server would have to send it for us to read it back. */
function unmasked(frame: Uint8Array): Uint8Array {
  const length = frame[1]! & 0x7f;
  const start = length < 126 ? 2 : length === 126 ? 4 : 10;
  const key = frame.subarray(start, start + 4);
  const payload = frame.subarray(start + 4).map((byte, index) => byte ^ key[index & 3]!);
  const head = frame.slice(0, start);
  head[1] = length;
  return new Uint8Array([...head, ...payload]);
}

Deno.test("the masked hello of RFC 6455 §5.7 is what we send", () => {
  const frame = encodeFrame(1, new TextEncoder().encode("Hello"), bytes("37fa213d"));
  assert.deepEqual(frame, bytes("81 85 37fa213d 7f9f4d5158"));
});

Deno.test("every payload, in every cut, is read back as it was", async () => {
  const payload = fc.uint8Array({ maxLength: 70_000, size: "max" });
  const key = fc.uint8Array({ minLength: 4, maxLength: 4 });
  const cuts = fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(payload, key, cuts, async (payload, key, cuts) => {
      const frame = unmasked(encodeFrame(2, payload, new Uint8Array(key)));
      const source = sourceOf(frame, cuts);
      assert.deepEqual(await readFrame(source, 1e6), {
        fin: true,
        opcode: 2,
        payload: new Uint8Array(payload),
      });
      assert.equal(await readFrame(source, 1e6), undefined);
    }),
    { numRuns: 200 },
  );
});

Deno.test("frames in a row, in every cut, are read one by one, at hand or not", async () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 200, size: "max" });
  const cuts = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(payloads, cuts, async (payloads, cuts) => {
      const frames = payloads.map((payload) => unmasked(encodeFrame(2, new Uint8Array(payload))));
      const source = sourceOf(new Uint8Array(frames.flatMap((frame) => [...frame])), cuts);
      for (const payload of payloads) {
        const read = frameAtHand(source, 1000) ?? await readFrame(source, 1000);
        assert.deepEqual(read?.payload.slice(), new Uint8Array(payload));
      }
      assert.equal(await readFrame(source, 1000), undefined);
    }),
    { numRuns: 200 },
  );
});

Deno.test("a frame is at hand only where the whole of it has come", async () => {
  const source = sourceOf(bytes("81 05 68656c6c6f 81"), [1, 5, 2]);
  assert.equal(frameAtHand(source, 1000), undefined);
  for (let reads = 0; reads < 2; reads++) {
    await source.more();
    assert.equal(frameAtHand(source, 1000), undefined);
  }
  await source.more();
  assert.equal(new TextDecoder().decode(frameAtHand(source, 1000)?.payload), "hello");
  assert.equal(frameAtHand(source, 1000), undefined);
});

Deno.test("a control frame is not too long where a message has no room left", async () => {
  const ping = await readFrame(sourceOf(bytes("89 05 68656c6c6f")), 0);
  assert.equal(ping?.opcode, 9);
});

const WRONG: [name: string, hex: string, code: number][] = [
  ["reserved bits", "c1 00", 1002],
  ["a masked frame", "81 80 00000000", 1002],
  ["an unknown opcode", "83 00", 1002],
  ["an unknown control opcode", "8b 00", 1002],
  ["a fragmented ping", "09 00", 1002],
  ["a ping of 126 bytes", "89 7e 007e", 1002],
  ["a frame past the limit", "82 7e 0400", 1009],
  ["a length no memory has", "82 7f ffffffffffffffff", 1009],
];

for (const [name, hex, code] of WRONG) {
  Deno.test(`${name} is refused with ${code}`, async () => {
    await assert.rejects(readFrame(sourceOf(bytes(hex)), 1000), (error) => {
      assert.ok(error instanceof FrameError);
      assert.equal(error.code, code);
      return true;
    });
  });
}

Deno.test("a connection that ends inside a frame is no clean end", async () => {
  for (const hex of ["81", "81 7e", "81 7e 00", "81 05 68656c"]) {
    await assert.rejects(readFrame(sourceOf(bytes(hex)), 1000), Deno.errors.UnexpectedEof);
  }
});

Deno.test("a close keeps its code and reason, and can have neither", () => {
  for (
    const close of [{ code: 4001, reason: "é" }, { code: 1000, reason: "" }, {
      code: undefined,
      reason: "",
    }]
  ) {
    assert.deepEqual(decodeClose(encodeClose(close)), close);
  }
  assert.throws(() => decodeClose(bytes("03")), FrameError);
});

Deno.test("text that is not UTF-8 is refused, and a BOM is kept", () => {
  assert.throws(() => decodeText(bytes("c3 28")), FrameError);
  assert.equal(decodeText(bytes("ef bb bf 61")), "\uFEFFa");
});

Deno.test("a close may be sent with the codes of the registry and of applications, and 123 bytes", () => {
  const codes = [1000, 1003, 1007, 1014, 3000, 4999];
  for (const code of [undefined, ...codes]) assert.ok(maySend({ code, reason: "é".repeat(61) }));
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000]) {
    assert.ok(!maySend({ code, reason: "" }), `${code}`);
  }
  assert.ok(!maySend({ code: 1000, reason: "é".repeat(62) }));
});
