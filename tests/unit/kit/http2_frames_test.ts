import assert from "node:assert/strict";
import { concatBytes } from "../../kit/http1/bytes.ts";
import {
  FLAG,
  formatFrame,
  formatSetting,
  FRAME,
  parseFrame,
  parseSettings,
  SETTING,
} from "../../kit/http2/http2_frames.ts";

Deno.test("a frame is laid out as RFC 9113 §4.1 says, and read back with what follows it", () => {
  const frame = { type: FRAME.ping, flags: FLAG.ack, streamId: 0x0102_0304, payload: bytes(9, 8) };
  const sent = formatFrame(frame.type, frame.flags, frame.streamId, frame.payload);
  assert.deepEqual(sent, bytes(0, 0, 2, 6, 1, 1, 2, 3, 4, 9, 8));
  assert.deepEqual(parseFrame(concatBytes([sent, bytes(7)])), { frame, rest: bytes(7) });
  assert.equal(parseFrame(sent.slice(0, -1)), undefined);
});

Deno.test("settings are six bytes each", () => {
  const payload = concatBytes([
    formatSetting(SETTING.initialWindowSize, 65_536),
    formatSetting(SETTING.maxHeaderListSize, 1),
  ]);
  assert.deepEqual(payload, bytes(0, 4, 0, 1, 0, 0, 0, 6, 0, 0, 0, 1));
  assert.deepEqual(parseSettings(payload), new Map([[4, 65_536], [6, 1]]));
});

function bytes(...values: number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(values);
}
