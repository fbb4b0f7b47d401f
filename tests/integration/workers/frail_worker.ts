/**
 * A worker that can start and nothing else: asked for a reload it fails, asked for more it dies.
 *
 * @module
 */
import type { RequestWorker, Supervisor } from "../../../src/ipc/messages.ts";
import { supervisorChannel } from "../../../src/ipc/supervisor_channel.ts";
import { IDLE } from "./idle.ts";

supervisorChannel<Supervisor, RequestWorker>({
  ...IDLE,
  reload() {
    throw new RangeError("too much asked");
  },
  certificate: die,
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
