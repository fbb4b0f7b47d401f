import assert from "node:assert/strict";
import { WorkerThread } from "../../../src/ipc/worker_thread.ts";
import type { Echo, Listener } from "./echo_worker.ts";

/** What ends a thread, or does not; guards what `src/ipc/thread_lock.ts` says of the runtime. */
const ends: [what: string, end: (worker: WorkerThread<Echo, Listener>) => unknown][] = [
  ["one that is ended", ({ channel }) => channel.close("ended")],
  ["one that dies", ({ channel }) => channel.tell("die", "of a fault")],
  ["one that closes itself", ({ channel }) => channel.tell("leave")],
  ["one that is ended while it is busy in the runtime", async ({ channel }) => {
    channel.tell("freeze", 600);
    await new Promise((later) => setTimeout(later, 100));
    channel.close("ended");
  }],
];

for (const [what, end] of ends) {
  Deno.test(`the thread of ${what} ends, and that is told`, async () => {
    const worker = start();
    await worker.channel.call("echo", "hello");
    assert.equal(await worker.threadEnds(50), false, "before");
    await end(worker);
    assert.equal(await worker.threadEnds(10_000), true);
    worker.channel.close("the test is over");
  });
}

Deno.test("a thread that runs in JavaScript goes on though it was ended, and that is told", async () => {
  const module = new URL("./loop_program.ts", import.meta.url).pathname;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", "deno.json", module],
  }).output();
  assert.deepEqual([code, new TextDecoder().decode(stdout)], [0, "ended: false\n"]);
});

Deno.test("each thread is told of by itself", async () => {
  const [one, other] = [start(), start()];
  await Promise.all([one, other].map(({ channel }) => channel.call("echo", "hello")));
  one.channel.close("ended");
  assert.equal(await one.threadEnds(10_000), true);
  assert.equal(await other.threadEnds(50), false);
  other.channel.close("the test is over");
  assert.equal(await other.threadEnds(10_000), true);
});

function start(): WorkerThread<Echo, Listener> {
  return new WorkerThread<Echo, Listener>({
    module: new URL("./echo_worker.ts", import.meta.url),
    name: "echo",
    permissions: "none",
    functions: { heard: () => 1 },
    onDeath() {},
  });
}
