import assert from "node:assert/strict";
import { FakeClock, settled } from "../../kit/time/fake_clock.ts";
import { delay, systemClock } from "../../../src/time/clock.ts";

Deno.test("a delay ends after its time", async () => {
  const clock = new FakeClock();
  let over = false;
  const waiting = delay(clock, 1_000, new AbortController().signal).then(() => over = true);
  await clock.advance(999);
  assert.equal(over, false);
  await clock.advance(1);
  await waiting;
});

Deno.test("a delay ends with its signal, and leaves no timer behind", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const waiting = delay(clock, 1_000, stop.signal);
  stop.abort();
  await waiting;
  assert.equal(clock.isIdle, true);
  await delay(clock, 1_000, stop.signal); // It is aborted already.
  assert.equal(clock.isIdle, true);
});

Deno.test("the machine's clock calls back, unless that was cancelled", async () => {
  const called: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = systemClock.after(1, () => called.push("cancelled"));
  systemClock.after(2, resolve);
  cancel();
  await promise;
  await settled();
  assert.deepEqual(called, []);
});
