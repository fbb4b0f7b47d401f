import assert from "node:assert/strict";
import { paced } from "../../../src/worker/paced.ts";

const pause = (milliseconds: number) => new Promise((later) => setTimeout(later, milliseconds));

Deno.test("each thing is said at once, and what is repeated once more after a while", async () => {
  const said: string[] = [];
  const say = paced((message: { type: string }) => said.push(message.type));
  for (let count = 0; count < 1_000; count++) say({ type: "wanted" });
  say({ type: "refused" });
  assert.deepEqual(said, ["wanted", "refused"]);
  await pause(200);
  assert.deepEqual(said, ["wanted", "refused", "wanted"]);
  say({ type: "refused" });
  assert.deepEqual(said.at(-1), "refused");
  await pause(50);
});

Deno.test("whoever repeats a thing without end is heard fifty times a second at most", async () => {
  let heard = 0;
  const say = paced(() => heard++);
  const begin = performance.now();
  while (performance.now() - begin < 300) {
    say("the same");
    await pause(0);
  }
  await pause(50);
  const most = (performance.now() - begin) / 20 + 1;
  assert.ok(heard > 2 && heard <= most, `${heard} times, expected ${most} at most`);
});

Deno.test("the pace can be another", async () => {
  let heard = 0;
  const say = paced(() => heard++, 200);
  for (let count = 0; count < 8; count++) {
    say("the same");
    await pause(10);
  }
  assert.equal(heard, 1);
  await pause(300);
  assert.equal(heard, 2);
  await pause(200);
});
