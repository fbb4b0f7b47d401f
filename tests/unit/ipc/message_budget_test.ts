import assert from "node:assert/strict";
import { FakeClock } from "../../kit/time/fake_clock.ts";
import { MessageBudget } from "../../../src/ipc/message_budget.ts";

/** How many messages of a cost can be sent now. */
function sendable(budget: MessageBudget, cost: number): number {
  for (let sent = 0;; sent++) {
    try {
      budget.spend(cost);
    } catch (error) {
      assert.ok(error instanceof TypeError);
      return sent;
    }
  }
}

Deno.test("what is saved up can be spent at once, and no more", () => {
  const clock = new FakeClock();
  const allowance = { perSecond: 10, saved: 100 };
  assert.equal(sendable(new MessageBudget(allowance, clock), 1), 100);
  assert.equal(sendable(new MessageBudget(allowance, clock), 30), 3);
});

Deno.test("whoever keeps to the rate can go on for ever, and saves up no more than may be saved", async () => {
  const clock = new FakeClock();
  const budget = new MessageBudget({ perSecond: 10, saved: 20 }, clock);
  for (let count = 0; count < 1_000; count++) {
    budget.spend(1);
    await clock.advance(100);
  }
  await clock.advance(3_600_000);
  assert.equal(sendable(budget, 1), 20);
});
