import assert from "node:assert/strict";
import { Slots } from "../../../src/time/slots.ts";

Deno.test("what was let go is gone, and its slot is used again", () => {
  const slots = new Slots<{ name: string }>();
  const [a, b, c] = [{ name: "a" }, { name: "b" }, { name: "c" }];
  const slotOfA = slots.add(a);
  const slotOfB = slots.add(b);
  assert.equal(slots.size, 2);
  assert.equal(slots.delete(slotOfA, a), true);
  assert.deepEqual([...slots.entries()], [[slotOfB, b]]);
  assert.equal(slots.add(c), slotOfA);
  assert.equal(slots.delete(slotOfA, a), false, "another item's slot");
  assert.deepEqual([...slots.entries()], [[slotOfA, c], [slotOfB, b]]);
  assert.equal(slots.size, 2);
});

Deno.test("entries may be deleted while they are gone through", () => {
  const slots = new Slots<object>();
  for (let n = 0; n < 3; n++) slots.add({});
  for (const [slot, item] of slots.entries()) slots.delete(slot, item);
  assert.equal(slots.size, 0);
});
