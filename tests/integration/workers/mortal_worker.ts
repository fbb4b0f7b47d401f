/**
 * The real request worker, which a request to `/die/N` kills if it is worker N, as a fault in the
 * request path would.
 *
 * @module
 */
import "../../../src/worker/main.ts";
import type { WorkerStart } from "../../../src/ipc/messages.ts";

const realFetch = globalThis.fetch;
let worker = 0;

globalThis.addEventListener("message", (event) => {
  const { data } = event as MessageEvent<{ name: string; argument: WorkerStart }>;
  if (data.name === "start") worker = data.argument.config.worker;
});

globalThis.fetch = (input, init) => {
  if (String(input).endsWith(`/die/${worker}`)) {
    queueMicrotask(() => {
      throw new Error("a fault of the request path");
    });
  }
  return realFetch(input, init);
};
