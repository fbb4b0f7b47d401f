import assert from "node:assert/strict";
import { within } from "../../../src/time/within.ts";

Deno.test("whether a promise settles in time is told, and no timer is left behind", async () => {
  assert.equal(await within(60_000, Promise.resolve("soon")), true);
  assert.equal(await within(1, new Promise(() => {})), false);
  await assert.rejects(within(60_000, Promise.reject(new Error("failed"))), /^Error: failed$/);
});
