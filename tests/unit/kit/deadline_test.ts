import assert from "node:assert/strict";
import { Condition } from "../../kit/time/condition.ts";
import { withDeadline } from "../../kit/time/deadline.ts";

Deno.test("a promise in time gives its value and leaves no timer", async () => {
  assert.equal(await withDeadline(Promise.resolve(7), 60_000, "seven"), 7);
});

Deno.test("a promise that rejects in time keeps its error", async () => {
  await assert.rejects(
    withDeadline(Promise.reject(new RangeError("no")), 60_000, "it"),
    RangeError,
  );
});

Deno.test("a missed deadline says what was awaited, as known at that moment", async () => {
  let received = 0;
  const waiting = withDeadline(
    new Promise(() => {}),
    5,
    () => `a line, received ${received} bytes`,
  );
  received = 3;
  await assert.rejects(waiting, {
    name: "TimedOut",
    message: "Waited 5 ms for a line, received 3 bytes",
  });
});

Deno.test("a condition is looked at when waiting begins and after every change", async () => {
  const seen: string[] = [];
  const condition = new Condition();
  const third = condition.until(() => seen[2], "the third");
  for (const value of ["a", "b", "c"]) {
    seen.push(value);
    condition.notify();
  }
  assert.equal(await third, "c");
  assert.equal(await condition.until(() => seen[0], "the first"), "a");
});

Deno.test("a condition whose probe throws fails the wait at once", async () => {
  const probe = () => {
    throw new RangeError("never");
  };
  await assert.rejects(new Condition().until(probe, "nothing", 60_000), RangeError);
});
