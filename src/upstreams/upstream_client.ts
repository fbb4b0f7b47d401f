import { type ClientConfig, createClients, type UpstreamClients } from "./transport.ts";

/**
 * The connections to the upstream. They are made anew only when what they are made from changes; the
 * old ones are left to the requests that use them, and idle ones end by themselves.
 */
export class UpstreamClient {
  #clients: UpstreamClients | undefined;
  #madeFrom = "";

  /** The connections for a configuration. */
  for({ upstreamTls, upstreamProxy, upstreamHttp2 }: ClientConfig): UpstreamClients {
    const config: ClientConfig = { upstreamTls, upstreamProxy, upstreamHttp2 };
    const madeFrom = JSON.stringify(config);
    if (this.#clients === undefined || madeFrom !== this.#madeFrom) {
      this.#madeFrom = madeFrom;
      this.#clients = createClients(config);
    }
    return this.#clients;
  }
}
