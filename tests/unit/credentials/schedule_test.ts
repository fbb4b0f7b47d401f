import assert from "node:assert/strict";
import fc from "fast-check";
import { renewalTime, retryDelay } from "../../../src/credentials/schedule.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const RENEWALS: [name: string, lifetime: number, refreshAt: number | undefined, at: number][] = [
  ["an hour: at 80 %", 60 * MINUTE, undefined, 48 * MINUTE],
  ["a day: at 80 %", 1440 * MINUTE, undefined, 1152 * MINUTE],
  ["a day with its issuer's word", 1440 * MINUTE, 720 * MINUTE, 720 * MINUTE],
  ["an issuer's word too late", 60 * MINUTE, 59 * MINUTE, 55 * MINUTE],
  ["ten minutes: five before the end", 10 * MINUTE, undefined, 5 * MINUTE],
  ["five and a half minutes: 30 s at the least", 330 * SECOND, undefined, 30 * SECOND],
  ["ten seconds: at 80 %", 10 * SECOND, undefined, 8 * SECOND],
];

for (const [name, lifetime, refreshAt, at] of RENEWALS) {
  Deno.test(`renewal of a token that lives ${name}`, () => {
    const received = 1_000_000;
    const token = {
      expiresAt: received + lifetime,
      ...(refreshAt !== undefined && { refreshAt: received + refreshAt }),
    };
    assert.equal(renewalTime(token, received), received + at);
  });
}

Deno.test("a token is renewed before its end, and 5 min before where it lives 5.5 min or more", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 86_400_000 }), (lifetime) => {
    const at = renewalTime({ expiresAt: lifetime }, 0);
    assert.ok(at < lifetime);
    if (lifetime >= 330 * SECOND) assert.ok(at <= lifetime - 5 * MINUTE);
  }));
});

Deno.test("retries wait 1 s to 5 min, growing, and at least as long as the authority asked", () => {
  const options = fc.record({
    failures: fc.integer({ min: 1, max: 1_000 }),
    local: fc.boolean(),
    retryAfterMs: fc.option(fc.integer({ min: 0, max: 60 * MINUTE }), { nil: undefined }),
    random: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }).map((value) => () =>
      value
    ),
  });
  fc.assert(fc.property(options, (one) => {
    const delay = retryDelay(one);
    assert.ok(delay >= SECOND && delay >= (one.retryAfterMs ?? 0));
    assert.ok(delay <= Math.max(5 * MINUTE, one.retryAfterMs ?? 0));
    if (one.local) assert.ok(delay <= Math.max(15 * SECOND, one.retryAfterMs ?? 0));
  }));
});
