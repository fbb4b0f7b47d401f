import { createPool, type PoolConfig } from "./proxy_deps.ts";

/**
 * The connection pool to the upstream. It is made anew only when what it is made from changes; the
 * old one is left to the requests that use it, and its idle connections end by themselves.
 */
export class UpstreamClient {
  #client: Deno.HttpClient | undefined;
  #madeFrom = "";

  /** The pool for a configuration. */
  for({ upstreamTls, upstreamProxy, upstreamHttp2 }: PoolConfig): Deno.HttpClient {
    const config: PoolConfig = { upstreamTls, upstreamProxy, upstreamHttp2 };
    const madeFrom = JSON.stringify(config);
    if (this.#client === undefined || madeFrom !== this.#madeFrom) {
      this.#madeFrom = madeFrom;
      this.#client = createPool(config);
    }
    return this.#client;
  }
}
