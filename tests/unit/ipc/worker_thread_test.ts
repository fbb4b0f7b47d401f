import assert from "node:assert/strict";
import type { Channel } from "../../../src/ipc/channel.ts";
import { WorkerThread } from "../../../src/ipc/worker_thread.ts";
import type { Echo, Listener } from "./echo_worker.ts";

/** A worker, how it died, and the end of it. */
class Worked implements Disposable {
  readonly heard: string[] = [];
  readonly #death = Promise.withResolvers<string>();
  readonly death: Promise<string> = this.#death.promise;
  readonly thread = new WorkerThread<Echo, Listener>({
    module: new URL("./echo_worker.ts", import.meta.url),
    name: "echo",
    permissions: "none",
    functions: { heard: (text) => this.heard.push(text) },
    onDeath: this.#death.resolve,
  });
  readonly channel: Channel<Echo, Listener> = this.thread.channel;

  [Symbol.dispose](): void {
    this.channel.close("the test is over");
  }
}

Deno.test("a worker and the one who started it call each other", async () => {
  using worked = new Worked();
  assert.equal(await worked.channel.call("echo", "hello"), "hello 1");
  assert.deepEqual(worked.heard, ["hello"]);
});

Deno.test("a worker that dies settles the calls to it, and its death is told", async () => {
  using worked = new Worked();
  const { channel } = worked;
  await channel.call("echo", "hello");
  const open = channel.call("hang");
  channel.tell("die", "of a fault");
  await assert.rejects(open, { name: "ChannelClosed", message: "Uncaught Error: of a fault" });
  assert.equal(await worked.death, "Uncaught Error: of a fault");
});

Deno.test("a worker that sends what it must not is ended", async () => {
  using worked = new Worked();
  const open = worked.channel.call("hang");
  worked.channel.tell("misbehave");
  await assert.rejects(open, /^ChannelClosed: protocol violation: /);
  assert.match(await worked.death, /^protocol violation: a message that is no object/);
});

Deno.test("a worker whose channel is closed is ended, which is no death", async () => {
  using worked = new Worked();
  await worked.channel.call("echo", "hello");
  const open = worked.channel.call("hang");
  worked.channel.close("no longer wanted");
  await assert.rejects(open, { message: "no longer wanted" });
  const late = Promise.withResolvers<string>();
  setTimeout(late.resolve, 50, "lives on in peace");
  assert.equal(await Promise.race([worked.death, late.promise]), "lives on in peace");
});

Deno.test("a worker that is told what it does not know dies", async () => {
  using worked = new Worked();
  const open = (worked.channel as unknown as Channel<{ unknown(): void }, Listener>)
    .call("unknown");
  await assert.rejects(open, /Uncaught .*protocol violation: a message of an unknown name/);
  await worked.death;
});

Deno.test("a worker that is watched lives while it answers pings, and ends when it is silent", async () => {
  using worked = new Worked();
  const { thread, channel } = worked;
  await channel.call("echo", "hello");
  void thread.watch(300);
  await new Promise((later) => setTimeout(later, 600));
  assert.ok(thread.silentMs < 300);
  const open = channel.call("hang");
  channel.tell("freeze", 600);
  await assert.rejects(open, { name: "ChannelClosed", message: "worker silent for 0.3 s" });
  assert.equal(await worked.death, "worker silent for 0.3 s");
  assert.equal(await thread.threadEnds(5_000), true);
});
