import type { RequestWorker } from "../../../src/ipc/messages.ts";

/** Every verb of a request worker, done at once and without effect. */
export const IDLE: RequestWorker = {
  start() {},
  reload() {},
  certificate() {},
  credential() {},
  drain: () => Promise.resolve(),
  close: () => Promise.resolve(),
  leave: () => Promise.resolve(),
  cutOff: () => Promise.resolve(),
};
