import type { TlsOptions } from "../net/connect.ts";
import { connector } from "../net/dial.ts";
import { type Reminder, SharedTimeout, type Timed } from "../time/shared_timeout.ts";
import { ConnectProbe } from "./connect_probe.ts";

/** What a transport is made from. */
export interface TransportConfig {
  /** Base URL, normalised, without a trailing slash. */
  readonly baseUrl: string;
  /** Milliseconds that a connection may take. */
  readonly connectTimeoutMs: number;
  /** Milliseconds to wait for response headers. */
  readonly headerTimeoutMs: number;
  /** Milliseconds of silence that end an answer's body; `undefined` for no limit. */
  readonly idleTimeoutMs: number | undefined;
  /** Whether to speak HTTP/2 where it is offered. */
  readonly http2: boolean;
  /** The files for TLS, read. */
  readonly tls: TlsOptions;
  /** The forward proxy in the way, without a password, see `proxy_stand_in.ts`. */
  readonly proxy: ForwardProxy | undefined;
  /**
   * Whether connections of ours surely take the way that requests take: they do not where the
   * environment names a forward proxy, or may name one, that only `fetch` knows of.
   */
  readonly isWayKnown: boolean;
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
  /** Whether HTTP/2 is spoken where it is offered. */
  readonly http2: boolean;
  /** How long to wait for response headers. */
  readonly headerTimeout: SharedTimeout;
  /**
   * What is to be done about a wait for a response of `fetch`: past `upstream_connect_timeout` it ends
   * with {@linkcode NoConnection} where the upstream cannot be connected to.
   */
  readonly connectCheck: Reminder;
  /** What finds that out. */
  readonly probe: ConnectProbe;
  /** How long an answer's body may be silent; `undefined` for ever. */
  readonly idleTimeout: SharedTimeout | undefined;
  /** How long a connection of our own may take. */
  readonly connectTimeout: SharedTimeout;
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
    const { baseUrl, proxy, isWayKnown, connectTimeoutMs } = config;
    this.http2 = config.http2;
    this.headerTimeout = new SharedTimeout(config.headerTimeoutMs);
    this.idleTimeout = config.idleTimeoutMs === undefined
      ? undefined
      : new SharedTimeout(config.idleTimeoutMs);
    this.connectTimeout = new SharedTimeout(connectTimeoutMs);
    const connect = connector({ url: baseUrl, proxyUrl: proxy?.url });
    this.probe = new ConnectProbe({ connect, limitMs: connectTimeoutMs, isWayKnown });
    this.connectCheck = { afterMs: connectTimeoutMs, call: (waiting) => void this.#check(waiting) };
  }

  async #check(waiting: Timed): Promise<void> {
    const failure = await this.probe.failure(waiting.startedAt);
    if (failure !== undefined) this.headerTimeout.abort(waiting, new NoConnection(failure));
  }
}

/** The reason of a wait that ended because the upstream cannot be connected to; why, in words. */
export class NoConnection extends Error {
  /** Tells it from other errors. */
  override readonly name = "NoConnection";
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
