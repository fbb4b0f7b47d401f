import assert from "node:assert/strict";
import { parseRetryAfter } from "../../../../src/credentials/providers/identity_transport.ts";

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);

const VALUES: [value: string | null, milliseconds: number | undefined][] = [
  [null, undefined],
  ["0", 0],
  ["7", 7_000],
  [" 120 ", 120_000],
  ["Thu, 01 Jan 2026 12:00:30 GMT", 30_000],
  ["Thu, 01 Jan 2026 11:00:00 GMT", 0],
  ["-5", undefined],
  ["soon", undefined],
];

for (const [value, milliseconds] of VALUES) {
  Deno.test(`Retry-After ${JSON.stringify(value)} means ${milliseconds} ms`, () => {
    assert.equal(parseRetryAfter(value, NOW), milliseconds);
  });
}
