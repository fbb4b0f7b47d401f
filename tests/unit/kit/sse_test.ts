import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "../../kit/http1/bytes.ts";
import { SseReader } from "../../kit/http1/sse.ts";
import { splitAt, splits } from "../../kit/http1/splits.ts";

const STREAM = new TextEncoder().encode(
  'event: ping\ndata: {"a":1}\n\nid: 7\r\ndata: é\r\ndata:  two\r\n\r\n: comment\n\ndata\n\n\n',
);

Deno.test("a stream split anywhere gives the same events, and their bytes add up to it", () => {
  fc.assert(fc.property(splits, (cuts) => {
    const reader = new SseReader();
    const events = splitAt(STREAM, cuts).flatMap((piece) => reader.push(piece));
    assert.deepEqual(
      events.map(({ event, data, id }) => [event, data, id]),
      [
        ["ping", '{"a":1}', undefined],
        ["message", "é\n two", "7"],
        ["message", "", undefined],
        ["message", "", undefined],
        ["message", "", undefined],
      ],
    );
    assert.deepEqual(concatBytes(events.map(({ raw }) => raw)), STREAM);
  }));
});

Deno.test("an event has the time of its last byte, and an incomplete one stays pending", () => {
  const reader = new SseReader();
  const encoder = new TextEncoder();
  assert.deepEqual(reader.push(encoder.encode("data: 1\n"), 10), []);
  assert.equal(reader.pending.length, 8);
  const [first] = reader.push(encoder.encode("\ndata: 2"), 20);
  assert.deepEqual([first?.data, first?.at], ["1", 20]);
  assert.equal(reader.pending.length, 7);
});
