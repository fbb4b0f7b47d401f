import assert from "node:assert/strict";
import fc from "fast-check";
import { answerPieces } from "../../../tools/demo/streamed_answer.ts";

const STREAM = [
  'event: message_start\ndata: {"type":"message_start","message":{}}\n\n',
  'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"deep “"}}\n\n',
  'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":" sea”"}}\n\n',
  'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\n\n',
  'event: message_stop\ndata: {"type":"message_stop"}\n\n',
].join("");

Deno.test("an answer is read alike wherever its bytes are split", async () => {
  const bytes = new TextEncoder().encode(STREAM);
  const cut = fc.nat({ max: bytes.length });
  await fc.assert(fc.asyncProperty(cut, cut, async (a, b) => {
    const [from, to] = [Math.min(a, b), Math.max(a, b)];
    const body = ReadableStream.from([
      bytes.subarray(0, from),
      bytes.subarray(from, to),
      bytes.subarray(to),
    ]);
    assert.deepEqual(await Array.fromAsync(answerPieces(body)), ["deep “", " sea”"]);
  }));
});

Deno.test("a stream that ends before its closing event is an error", async () => {
  const body = new Response(STREAM.replace(/event: message_stop[^]*/, "")).body;
  assert.ok(body !== null);
  await assert.rejects(Array.fromAsync(answerPieces(body)), /ended before the answer was complete/);
});
