/**
 * Ends a worker that runs in JavaScript for ever, and prints whether its thread ended within 3 s. A
 * program of its own, for such a thread ends with the process alone.
 *
 * @module
 */
import { WorkerThread } from "../../../src/ipc/worker_thread.ts";
import type { Echo, Listener } from "./echo_worker.ts";

const worker = new WorkerThread<Echo, Listener>({
  module: new URL("./echo_worker.ts", import.meta.url),
  name: "echo",
  permissions: "none",
  functions: { heard: () => 1 },
  onDeath() {},
});
await worker.channel.call("echo", "hello");
worker.channel.tell("loop");
await new Promise((later) => setTimeout(later, 100));
worker.channel.close("ended");
console.log(`ended: ${await worker.threadEnds(3_000)}`);
Deno.exit(0);
