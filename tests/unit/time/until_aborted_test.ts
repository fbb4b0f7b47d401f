import assert from "node:assert/strict";
import { untilAborted } from "../../../src/time/until_aborted.ts";

const NEVER = new Promise<never>(() => {});

Deno.test("what settles first counts", async () => {
  const { signal } = new AbortController();
  assert.equal(await untilAborted(Promise.resolve(1), signal), 1);
  await assert.rejects(
    untilAborted(Promise.reject(new Error("failed")), signal),
    /^Error: failed$/,
  );
});

Deno.test("the signal's reason ends the wait, also when it came before", async () => {
  const controller = new AbortController();
  const waiting = untilAborted(NEVER, controller.signal);
  controller.abort(new Error("left"));
  await assert.rejects(waiting, /^Error: left$/);
  await assert.rejects(untilAborted(NEVER, controller.signal), /^Error: left$/);
});

Deno.test("a signal that aborts later is nobody's rejection", async () => {
  const controller = new AbortController();
  await untilAborted(Promise.resolve(), controller.signal);
  controller.abort(new Error("late"));
});
