/**
 * A worker that can start and nothing else: asked for a reload it fails, asked for more it dies.
 *
 * @module
 */
import type { RequestWorker, Supervisor } from "../../../src/ipc/messages.ts";
import { supervisorChannel } from "../../../src/ipc/worker_channel.ts";

supervisorChannel<Supervisor, RequestWorker>({
  start() {},
  reload() {
    throw new RangeError("too much asked");
  },
  certificate: die,
  credential() {},
  drain: die,
  close: die,
  cutOff: die,
});

function die(): Promise<void> {
  queueMicrotask(() => {
    throw new Error("died of a question");
  });
  return new Promise(() => {});
}
