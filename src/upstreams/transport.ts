import type { TlsOptions } from "../net/connect.ts";
import { SharedTimeout } from "../time/shared_timeout.ts";

/** What a transport is made from. */
export interface TransportConfig {
  /** Milliseconds to wait for response headers. */
  readonly headerTimeoutMs: number;
  /** Whether to speak HTTP/2 where it is offered. */
  readonly http2: boolean;
  /** The files for TLS, read. */
  readonly tls: TlsOptions;
  /** The forward proxy in the way, without a password, see `proxy_stand_in.ts`. */
  readonly proxy: ForwardProxy | undefined;
}

/** A forward proxy as workers see it. */
export interface ForwardProxy {
  /** Where it listens, with nothing secret in it. */
  readonly url: string;
  /** Whether requests must be sent there, rather than where the environment leads them. */
  readonly forRequests: boolean;
}

/** How requests reach an upstream. */
export class Transport {
  /** A connection pool. */
  readonly client: Deno.HttpClient;
  /** Opens a connection for each request, for those that may not be sent twice. */
  readonly unpooledClient: Deno.HttpClient;
  /** How long to wait for response headers. */
  readonly headerTimeout: SharedTimeout;
  readonly #madeFrom: string;

  /**
   * Makes connections anew only if what they are made from has changed. The old ones are left to the
   * requests that use them, and idle ones end by themselves.
   *
   * @param before the transport before a reload
   */
  constructor(config: TransportConfig, before?: Transport) {
    const options = clientOptions(config);
    this.#madeFrom = JSON.stringify(options);
    const isAlike = before !== undefined && before.#madeFrom === this.#madeFrom;
    const kept = isAlike ? before : undefined;
    this.client = kept?.client ?? Deno.createHttpClient(options);
    this.unpooledClient = kept?.unpooledClient ??
      Deno.createHttpClient({ ...options, poolMaxIdlePerHost: 0 });
    this.headerTimeout = new SharedTimeout(config.headerTimeoutMs);
  }
}

function clientOptions({ http2, tls, proxy }: TransportConfig) {
  return {
    http1: true,
    http2,
    caCerts: [...tls.caCerts],
    ...tls.client,
    ...(proxy?.forRequests && { proxy: { url: proxy.url } }),
  };
}
