/**
 * A worker that places one order and ends. `acme-client` and its sixty dependencies run here, with
 * network access to the authority and nothing else: no file, no environment, no other secret than the
 * account's key. What they occupy is given back when the worker ends.
 *
 * @module
 */
import process from "node:process";
import { CaFetch } from "./ca_fetch.ts";
import { placeOrder } from "./order.ts";
import { OrderError } from "./order_error.ts";
import type { Challenge, FromOrderWorker, OrderRequest, ToOrderWorker } from "./order_messages.ts";

const supervisor = self as unknown as {
  postMessage(message: FromOrderWorker): void;
  onmessage: (event: MessageEvent<ToOrderWorker>) => void;
};

let published: () => void = () => {};

supervisor.onmessage = ({ data: message }) => {
  switch (message.type) {
    case "order":
      return void order(message.request, message.proxyUrl);
    case "published":
      return published();
  }
};

async function order(request: OrderRequest, proxyUrl: string | undefined): Promise<void> {
  const transport = new CaFetch(request.directoryCaCerts, proxyUrl);
  const onAccount = (url: string) => supervisor.postMessage({ type: "account", url });
  try {
    const acme = await loadAcmeClient(transport);
    const issued = await placeOrder(request, { acme, transport, publish, onAccount });
    supervisor.postMessage({ type: "issued", ...issued });
  } catch (error) {
    const failure = error instanceof OrderError ? error.failure : { reason: String(error) };
    supervisor.postMessage({ type: "failed", failure });
  }
}

function publish(challenge: Challenge): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  published = resolve;
  supervisor.postMessage({ type: "publish", challenge });
  return promise;
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
