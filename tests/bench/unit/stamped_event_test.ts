import assert from "node:assert/strict";
import fc from "fast-check";
import { splitAt, splits } from "../../kit/http1/splits.ts";
import { EVENT_BYTES, nowMicroseconds, StampedEvent, StampReader } from "../load/stamped_event.ts";

const encoder = new TextEncoder();
const TIMES = [1_795_515_193_274_280, 1_000_000_000_000_000, 9_007_199_254_740_991];

function stream(times: readonly number[]): Uint8Array<ArrayBuffer> {
  const event = new StampedEvent();
  const text = times.map((time) => {
    event.stamp(time);
    return new TextDecoder().decode(event.bytes);
  });
  return encoder.encode(`HTTP/1.1 200 OK\r\n\r\n${text.join("")}0\r\n\r\n`);
}

function read(pieces: Iterable<Uint8Array>): { count: number; stamps: number[] } {
  const reader = new StampReader();
  const stamps: number[] = [];
  for (const piece of pieces) reader.push(piece, (stamp) => stamps.push(stamp));
  return { count: reader.count, stamps };
}

Deno.test("an event is one chunk of its size, a whole server-sent event", () => {
  const text = new TextDecoder().decode(new StampedEvent().bytes);
  const [size = "", event = ""] = text.split(/\r\n/);
  assert.equal(parseInt(size, 16), EVENT_BYTES);
  assert.equal(encoder.encode(event).length, EVENT_BYTES);
  assert.match(event, /^event: content_block_delta\ndata: \{.*\}\n\n$/);
  assert.match(JSON.parse(event.split("data: ")[1] ?? "").delta.text, /^@0{16}@ words /);
});

Deno.test("stamps are found in a stream that is split anywhere", () => {
  fc.assert(fc.property(splits, (cuts) => {
    assert.deepEqual(read(splitAt(stream(TIMES), cuts)), { count: 3, stamps: TIMES });
  }));
});

Deno.test("a stamp that new framing cuts in two counts as an event without a time", () => {
  const [before, after] = ["@17955151", "93274280@ @1795515193274280@"];
  assert.deepEqual(read([encoder.encode(`9\r\n${before}\r\n1c\r\n${after}\r\n`)]), {
    count: 2,
    stamps: [TIMES[0]],
  });
});

Deno.test("the clock is the time of day in microseconds", () => {
  const [before, now, after] = [Date.now(), nowMicroseconds() / 1000, Date.now()];
  // Two clocks that are read one after the other agree to a few milliseconds.
  assert.ok(now > before - 100 && now < after + 100, `${now} is not near ${before}`);
});
