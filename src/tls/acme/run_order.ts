import { netOnly } from "../../permissions/needs.ts";
import { netAddressOf } from "../../net/address.ts";
import { standInFor } from "../../net/environment_proxy.ts";
import {
  type Challenge,
  type FromOrderWorker,
  type OrderRequest,
  type ToOrderWorker,
} from "./order_messages.ts";
import { OrderError } from "./order_error.ts";

/** Milliseconds an order may take in all. */
const ORDER_TIMEOUT = 300_000;

/** How to run an order. */
export interface RunOrderOptions {
  /** Resolves once the challenge is answered. */
  readonly publish: (challenge: Challenge) => Promise<void>;
  /** Called with the account's URL when it was registered just now. */
  readonly onAccount: (url: string) => void;
  /** Ends the order. */
  readonly signal: AbortSignal;
}

/**
 * Places an order in a worker of its own that may reach the authority, by the forward proxy on the
 * way to it, and nothing else.
 *
 * @throws {OrderError} when it fails, takes too long or is ended
 */
export async function runOrder(
  request: OrderRequest,
  { publish, onAccount, signal }: RunOrderOptions,
): Promise<{ cert: string; key: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ cert: string; key: string }>();
  const fail = (reason: string) => reject(new OrderError({ reason }));
  await using standIn = standInFor(request.directoryUrl);
  const worker = orderWorker([request.directoryUrl, ...(standIn ? [standIn.url] : [])]);
  const post = (message: ToOrderWorker) => worker.postMessage(message);
  worker.onmessage = ({ data: message }: MessageEvent<FromOrderWorker>) => {
    switch (message.type) {
      case "account":
        return onAccount(message.url);
      case "publish":
        return void publish(message.challenge).then(() => post({ type: "published" }), fail);
      case "issued":
        return resolve({ cert: message.cert, key: message.key });
      case "failed":
        return reject(new OrderError(message.failure));
    }
  };
  worker.onerror = (event) => {
    event.preventDefault();
    fail(event.message);
  };
  const timer = setTimeout(fail, ORDER_TIMEOUT, "the authority took longer than 5 minutes");
  const abort = () => fail("ended");
  signal.addEventListener("abort", abort, { once: true });
  post({ type: "order", request, proxyUrl: standIn?.url });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    worker.terminate();
  }
}

function orderWorker(reach: readonly string[]): Worker {
  return new Worker(new URL("./order_worker.ts", import.meta.url), {
    type: "module",
    name: "acme-order",
    deno: { permissions: netOnly(reach.map(netAddressOf)) },
  });
}
