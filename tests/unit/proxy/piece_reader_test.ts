import assert from "node:assert/strict";
import { type ByteStream, ChunksTooSmall, PieceReader } from "../../../src/proxy/piece_reader.ts";

/** What a chunk's framing takes, CR LF behind the one before and a size of four digits. */
const FRAMING = 8;

/** A chunked body as `Deno.serve` gives it: a read is answered with a piece of one chunk. */
class ChunkedBody {
  /** What reads asked for. */
  readonly asked: number[] = [];
  readonly stream: ByteStream;
  /** The reason it was cancelled for; undefined until then. */
  cancelled: unknown;

  constructor(chunks: readonly number[], beforeRead: (read: number) => void = () => {}) {
    const left = [...chunks];
    let begins = true;
    this.stream = new ReadableStream({
      type: "bytes",
      pull: (controller) => {
        beforeRead(this.asked.length);
        const { byobRequest } = controller;
        const view = byobRequest?.view;
        if (!byobRequest || !view) throw new Error("Expected a reader that brings a buffer");
        this.asked.push(view.byteLength);
        const [chunk] = left;
        if (chunk === undefined) {
          controller.close();
          return byobRequest.respond(0);
        }
        const length = Math.min(chunk, view.byteLength - (begins ? FRAMING : 0));
        begins = length === chunk;
        if (begins) left.shift();
        else left[0] = chunk - length;
        new Uint8Array(view.buffer, view.byteOffset, length).fill(120);
        byobRequest.respond(length);
      },
      cancel: (reason) => {
        this.cancelled = reason ?? "no reason";
      },
    }) as ByteStream;
  }
}

async function lengths(reader: PieceReader): Promise<number[]> {
  const found: number[] = [];
  for (let piece = await reader.read(); piece; piece = await reader.read()) {
    assert.ok(piece.every((byte) => byte === 120));
    found.push(piece.length);
  }
  return found;
}

for (const chunk of [1, 100, 1_000, 4_096, 5_000, 16_000, 16_384, 65_536]) {
  Deno.test(`chunks of ${chunk} bytes: soon a read asks for one, and gets it whole`, async () => {
    const body = new ChunkedBody(Array(50).fill(chunk));
    const pieces = await lengths(new PieceReader(body.stream));
    assert.equal(pieces.reduce((sum, length) => sum + length), 50 * chunk);
    assert.deepEqual(new Set(pieces.slice(-48)), new Set([chunk]));
    const asked = body.asked.at(-1) ?? 0;
    assert.ok(asked <= Math.max(4_112, chunk + 3 * FRAMING), `asked for ${asked}`);
  });
}

Deno.test("larger chunks are read in equal parts, so that little more is asked for than they hold", async () => {
  for (const chunk of [100_000, 2 ** 20, 1_500_000]) {
    const body = new ChunkedBody(Array(4).fill(chunk));
    const pieces = await lengths(new PieceReader(body.stream));
    assert.equal(pieces.reduce((sum, length) => sum + length), 4 * chunk);
    const parts = Math.ceil(chunk / 65_536);
    const asked = body.asked.at(-1) ?? 0;
    assert.ok(asked * parts < 1.01 * chunk, `asked for ${asked}, ${parts} times for ${chunk}`);
  }
});

Deno.test("a chunk that is smaller than others does not make reads larger", async () => {
  const body = new ChunkedBody([900, 16_384, 16_384, 10, 16_384, 3_000, 16_384, 16_000]);
  await lengths(new PieceReader(body.stream));
  assert.equal(body.asked.at(-1), 16_384 + 24);
});

Deno.test("a body that is no byte stream is read as it comes, without empty pieces", async () => {
  const pieces = ["ab", "", "c"].map((text) => new TextEncoder().encode(text));
  const reader = new PieceReader(ReadableStream.from(pieces));
  assert.deepEqual(await reader.read(), pieces[0]);
  assert.deepEqual(await reader.read(), pieces[2]);
  assert.equal(await reader.read(), undefined);
});

function busy(milliseconds: number): void {
  for (const until = performance.now() + milliseconds; performance.now() < until;);
}

Deno.test("a body whose reads take ever longer is given up, and stays unread for a second", async () => {
  const body = new ChunkedBody(Array(1_000).fill(1_000), (read) => busy(read < 100 ? 0 : 1));
  const reader = new PieceReader(body.stream);
  await assert.rejects(lengths(reader), ChunksTooSmall);
  assert.ok(body.asked.length >= 116, `${body.asked.length} reads`);
  assert.ok(body.asked.length < 200, `${body.asked.length} reads`);
  assert.equal(body.cancelled, undefined);
  await new Promise((later) => setTimeout(later, 1_100));
  assert.equal(body.cancelled, "no reason");
});

Deno.test("single reads that take long are no reason to give a body up", async () => {
  const body = new ChunkedBody(Array(400).fill(1_000), (read) => busy(read % 3 === 0 ? 0 : 0.5));
  assert.equal((await lengths(new PieceReader(body.stream))).length, 400);
});
