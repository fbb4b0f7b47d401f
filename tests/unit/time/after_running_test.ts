import assert from "node:assert/strict";
import { FakeClock } from "../../kit/time/fake_clock.ts";
import { afterRunning } from "../../../src/time/after_running.ts";

Deno.test("it calls back after its time, once", async () => {
  const clock = new FakeClock();
  let calls = 0;
  afterRunning(10_000, () => calls++, clock);
  await clock.advance(9_999);
  assert.equal(calls, 0);
  await clock.advance(1);
  await clock.advance(60_000);
  assert.deepEqual([calls, clock.isIdle], [1, true]);
});

Deno.test("time that passes while nothing runs counts as a tenth at most", async () => {
  let jump = 0;
  const clock = new FakeClock();
  // The first timer comes an hour late, as after SIGSTOP and SIGCONT.
  const late = {
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    after: (milliseconds: number, callback: () => void) =>
      clock.after(milliseconds + (jump++ === 0 ? 3_600_000 : 0), callback),
  };
  let calls = 0;
  afterRunning(10_000, () => calls++, late);
  await clock.advance(3_600_000 + 9_999);
  assert.equal(calls, 0);
  await clock.advance(1);
  assert.equal(calls, 1);
});

Deno.test("cancelled at whatever time, it calls nobody and leaves no timer behind", async () => {
  for (const after of [0, 1_500, 9_999]) {
    const clock = new FakeClock();
    const cancel = afterRunning(10_000, () => assert.fail("called back"), clock);
    await clock.advance(after);
    cancel();
    assert.equal(clock.isIdle, true);
    await clock.advance(60_000);
  }
});
