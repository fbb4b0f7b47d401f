/**
 * A worker that places one order and ends. `acme-client` and its sixty dependencies run here, with
 * network access to the authority and nothing else: no file, no environment, no other secret than the
 * account's key. What they occupy is given back when the worker ends.
 *
 * @module
 */
import process from "node:process";
import type { Channel } from "../../ipc/channel.ts";
import { supervisorChannel } from "../../ipc/supervisor_channel.ts";
import { CaFetch } from "./ca_fetch.ts";
import { placeOrder } from "./order.ts";
import { OrderError } from "./order_error.ts";
import type { OrderOutcome, OrderRequest, OrderSupervisor, OrderWorker } from "./order_messages.ts";

const supervisor: Channel<OrderSupervisor, OrderWorker> = supervisorChannel({
  order: ({ request, proxyUrl }) => order(request, proxyUrl),
});

async function order(request: OrderRequest, proxyUrl: string | undefined): Promise<OrderOutcome> {
  const transport = new CaFetch(request.directoryCaCerts, proxyUrl);
  try {
    const issued = await placeOrder(request, {
      acme: await loadAcmeClient(transport),
      transport,
      publish: (challenge) => supervisor.call("publish", challenge),
      onAccount: (url) => supervisor.tell("account", url),
    });
    return { issued };
  } catch (error) {
    return { failure: error instanceof OrderError ? error.failure : { reason: String(error) } };
  }
}

/**
 * One of its dependencies lists the whole environment when it loads, which needs the permission to
 * read all of it: it gets an empty one. Its HTTP client is told to use `fetch`, for the extra
 * authorities, `HTTPS_PROXY` and errors one can explain, and not to repeat requests by itself.
 */
async function loadAcmeClient(transport: CaFetch): Promise<typeof import("acme-client")> {
  process.env = {};
  const acme = await import("acme-client");
  const { defaults } = acme.axios as unknown as { defaults: Record<string, unknown> };
  defaults["adapter"] = "fetch";
  defaults["env"] = { ...defaults["env"] as object, fetch: transport.fetch };
  defaults["acmeSettings"] = { ...defaults["acmeSettings"] as object, retryMaxAttempts: 0 };
  return acme;
}
