import assert from "node:assert/strict";
import { type Reminder, SharedTimeout, type Timed } from "../../../src/time/shared_timeout.ts";

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

/** Runs something while a timer keeps the process going. */
async function until(ready: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!ready()) {
    assert.ok(performance.now() < deadline, "never came");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

Deno.test("what still runs after a while is called back once, and is overdue when it is", async () => {
  const timeout = new SharedTimeout(60);
  const called: Timed[] = [];
  const reminder: Reminder = { afterMs: 20, call: (timed) => called.push(timed) };
  const slow = timeout.start(reminder);
  const quick = timeout.start(reminder);
  const unasked = timeout.start();
  timeout.end(quick);
  await until(() => called.length > 0);
  assert.ok(performance.now() >= slow.startedAt + 20);
  assert.equal(slow.signal.aborted, false);
  await until(() => slow.isOverdue && unasked.isOverdue);
  assert.deepEqual(called, [slow]);
  assert.equal(quick.isOverdue, false);
});

Deno.test("a reminder that would come after the limit does not come", async () => {
  const timeout = new SharedTimeout(20);
  let calls = 0;
  const timed = timeout.start({ afterMs: 20, call: () => calls++ });
  await until(() => timed.isOverdue);
  assert.equal(calls, 0);
});

Deno.test("what runs can be ended for another reason, and what has ended cannot", () => {
  const timeout = new SharedTimeout(60_000);
  const [running, ended] = [timeout.start(), timeout.start()];
  timeout.end(ended);
  const reason = new Error("no connection");
  timeout.abort(running, reason);
  timeout.abort(ended, reason);
  assert.equal(running.signal.reason, reason);
  assert.equal(running.isOverdue, false);
  assert.equal(ended.signal.aborted, false);
});

Deno.test("what is paused is never overdue, and has the whole time again when it goes on", async () => {
  const timeout = new SharedTimeout(20);
  const [paused, other] = [timeout.start(), timeout.start()];
  timeout.pause(paused);
  await until(() => other.isOverdue);
  assert.equal(paused.isOverdue, false);
  const resumed = performance.now();
  timeout.resume(paused);
  await until(() => paused.isOverdue);
  assert.ok(performance.now() - resumed >= 20);
});

Deno.test("what goes on again and again is overdue once it does not", async () => {
  const timeout = new SharedTimeout(40);
  const timed = timeout.start();
  for (let turn = 0; turn < 8; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    timeout.resume(timed);
  }
  assert.equal(timed.isOverdue, false);
  await until(() => timed.isOverdue);
});
