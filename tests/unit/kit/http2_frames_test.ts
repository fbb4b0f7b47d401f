import assert from "node:assert/strict";
import { concatBytes } from "../../kit/bytes.ts";
import {
  formatFields,
  formatFrame,
  formatSettings,
  FrameFlag,
  FrameType,
  parseSettings,
  Setting,
  takeFrames,
} from "../../kit/http2_frames.ts";

Deno.test("frames are laid out as RFC 9113 §4.1 says, and read back with what is left", () => {
  const ping = { type: FrameType.PING, flags: FrameFlag.ACK, streamId: 0, payload: bytes(1, 2, 3) };
  const reset = { type: FrameType.RST_STREAM, flags: 0, streamId: 0x0102_0304, payload: bytes(9) };
  const sent = concatBytes([formatFrame(ping), formatFrame(reset), bytes(0, 0, 1)]);
  assert.deepEqual(formatFrame(ping), bytes(0, 0, 3, 6, 1, 0, 0, 0, 0, 1, 2, 3));
  assert.deepEqual(takeFrames(sent), { frames: [ping, reset], rest: bytes(0, 0, 1) });
});

Deno.test("settings are six bytes each", () => {
  const payload = formatSettings([[Setting.INITIAL_WINDOW_SIZE, 65_536]]);
  assert.deepEqual(payload, bytes(0, 4, 0, 1, 0, 0));
  assert.deepEqual(parseSettings(payload), new Map([[Setting.INITIAL_WINDOW_SIZE, 65_536]]));
});

Deno.test("lengths of literals are integers with a prefix of seven bits", () => {
  const header = (length: number) => formatFields([["a", "b".repeat(length)]]).slice(0, -length);
  assert.deepEqual(header(126), bytes(0, 1, 97, 126));
  assert.deepEqual(header(127), bytes(0, 1, 97, 127, 0));
  assert.deepEqual(header(300), bytes(0, 1, 97, 127, 173, 1));
});

function bytes(...values: number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(values);
}
