import assert from "node:assert/strict";
import { ExpiryWarning } from "../../../src/tls/expiry_warning.ts";

const DAY = 86_400_000;
const NOT_AFTER = Date.parse("2026-06-30T12:00:00Z");

Deno.test("the end of a certificate is warned of from 14 days before, once a day", () => {
  const warning = new ExpiryWarning();
  const warned: number[] = [];
  for (let hour = -24 * 16; hour <= 24; hour++) {
    const now = NOT_AFTER + hour * 3_600_000;
    if (warning.due(NOT_AFTER, now) !== undefined) warned.push(hour);
  }
  assert.deepEqual(warned, Array.from({ length: 16 }, (_, day) => 24 * (day - 14)));
});

Deno.test("the warning says how long is left, and when it is over", () => {
  const texts = [-14 * DAY, -1.5 * DAY, -0.5 * DAY, DAY].map((offset) =>
    new ExpiryWarning().due(NOT_AFTER, NOT_AFTER + offset)
  );
  assert.deepEqual(texts, [
    "the certificate expires in 14 days, on 2026-06-30T12:00:00.000Z",
    "the certificate expires in 1 day, on 2026-06-30T12:00:00.000Z",
    "the certificate expires within a day, on 2026-06-30T12:00:00.000Z",
    "the certificate expired on 2026-06-30T12:00:00.000Z",
  ]);
});

Deno.test("another certificate is warned of anew", () => {
  const warning = new ExpiryWarning();
  assert.ok(warning.due(NOT_AFTER, NOT_AFTER - DAY));
  assert.equal(warning.due(NOT_AFTER, NOT_AFTER - DAY), undefined);
  warning.reset();
  assert.ok(warning.due(NOT_AFTER, NOT_AFTER - DAY));
});
