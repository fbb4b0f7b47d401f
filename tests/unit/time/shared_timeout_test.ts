import assert from "node:assert/strict";
import { SharedTimeout } from "../../../src/time/shared_timeout.ts";

/** The timeout's own timer keeps nothing waiting, so this does. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error("never aborted")), 10_000);
    signal.addEventListener("abort", () => {
      clearTimeout(deadline);
      resolve();
    });
  });
}

Deno.test("what has not ended in time is aborted, what has is left alone", async () => {
  const timeout = new SharedTimeout(20);
  const ended = timeout.start();
  const [early, late] = [timeout.start(), timeout.start()];
  timeout.end(ended);
  await Promise.all([aborted(early.signal), aborted(late.signal)]);
  assert.deepEqual([ended, early, late].map(({ isOverdue }) => isOverdue), [false, true, true]);
  assert.equal(ended.signal.aborted, false);
  assert.equal(early.signal.reason.name, "TimeoutError");
});

Deno.test("one that begins while the timer runs has its own deadline, and so has one long after", async () => {
  const timeout = new SharedTimeout(20);
  const first = timeout.start();
  await new Promise((resolve) => setTimeout(resolve, 5));
  const second = timeout.start();
  assert.ok(second.deadline > first.deadline);
  await aborted(second.signal);
  assert.ok(performance.now() >= second.deadline);
  const third = timeout.start();
  await aborted(third.signal);
  assert.equal(third.isOverdue, true);
});

Deno.test("one that is aborted for another reason is not overdue", () => {
  const timeout = new SharedTimeout(60_000);
  const timed = timeout.start();
  timed.abort(new Error("the client left"));
  assert.equal(timed.signal.aborted, true);
  assert.equal(timed.isOverdue, false);
  timeout.end(timed);
});
