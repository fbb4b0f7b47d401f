import { netOnly } from "../../permissions/needs.ts";
import { netAddressOf } from "../../net/address.ts";
import { standInFor } from "../../net/environment_proxy.ts";
import { ChannelClosed } from "../../ipc/channel.ts";
import type { CertificatePair } from "../../ipc/messages.ts";
import { WorkerThread } from "../../ipc/worker_thread.ts";
import { OrderError } from "./order_error.ts";
import { orderReaders, readOutcome } from "./order_readers.ts";
import type { Challenge, OrderRequest, OrderSupervisor, OrderWorker } from "./order_messages.ts";

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
): Promise<CertificatePair> {
  await using standIn = standInFor(request.directoryUrl, request.directoryCaCerts);
  const reach = [request.directoryUrl, ...(standIn ? [standIn.url] : [])];
  const { channel } = new WorkerThread<OrderWorker, OrderSupervisor>({
    module: new URL("./order_worker.ts", import.meta.url),
    name: "acme-order",
    permissions: netOnly(reach.map(netAddressOf)),
    functions: { publish, account: onAccount },
    readers: orderReaders(),
    onDeath() {},
  });
  const abort = () => channel.close("ended");
  signal.addEventListener("abort", abort, { once: true });
  try {
    const order = { request, proxyUrl: standIn?.url };
    return readOutcome(await channel.call("order", order, { timeoutMs: ORDER_TIMEOUT }));
  } catch (error) {
    throw failed(error);
  } finally {
    signal.removeEventListener("abort", abort);
    channel.close("the order is over");
  }
}

function failed(error: unknown): OrderError {
  if (error instanceof OrderError) return error;
  if (error instanceof ChannelClosed) return new OrderError({ reason: error.message });
  const late = error instanceof DOMException && error.name === "TimeoutError";
  return new OrderError({
    reason: late ? "the authority took longer than 5 minutes" : String(error),
  });
}
