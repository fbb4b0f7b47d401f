import assert from "node:assert/strict";
import { retryAfterMs } from "../../../src/net/retry_after.ts";

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);

const VALUES: [value: string | null, milliseconds: number | undefined][] = [
  [null, undefined],
  ["", undefined],
  ["0", 0],
  ["7", 7_000],
  [" 120 ", 120_000],
  ["Thu, 01 Jan 2026 12:00:30 GMT", 30_000],
  ["Thursday, 01-Jan-26 12:00:30 GMT", 30_000],
  ["Thu Jan  1 12:00:30 2026", 30_000],
  ["Thu, 01 Jan 2026 11:00:00 GMT", 0],
  ["-5", undefined],
  ["1.5", undefined],
  ["soon", undefined],
  ["2026-01-01T12:00:30Z", undefined],
  ["Thu, 01 Jan 2026 12:00:30 +0100", undefined],
  ["Thu, 41 Jan 2026 12:00:30 GMT", undefined],
];

for (const [value, milliseconds] of VALUES) {
  Deno.test(`Retry-After ${JSON.stringify(value)} means ${milliseconds} ms`, () => {
    assert.equal(retryAfterMs(value, NOW), milliseconds);
  });
}
