import type { CredentialHolder } from "../credentials/holder.ts";
import { dialer } from "../net/dial.ts";
import { Transport, type TransportConfig } from "./transport.ts";

/** What a worker is told of an upstream: plain data, and no secret that could fetch a token. */
export interface UpstreamConfig extends TransportConfig {
  /** Unique among upstreams. */
  readonly name: string;
  /** Milliseconds a request waits for a token where none is at hand. */
  readonly tokenTimeoutMs: number;
}

/** Where a request can go, and all it takes to get there. */
export interface Upstream {
  /** Unique among upstreams. */
  readonly name: string;
  /** Base URL, normalised, without a trailing slash. */
  readonly baseUrl: string;
  /** Host name, without port. */
  readonly host: string;
  /** How requests are sent. */
  readonly transport: Transport;
  /** Opens a connection for a WebSocket: TCP, and TLS where the base URL says so. */
  readonly dial: (signal: AbortSignal) => Promise<Deno.Conn>;
  /** What we present. */
  readonly credential: HeldCredential;
}

/** The credential as the request path sees it, which a {@linkcode CredentialHolder} keeps. */
export type HeldCredential = Pick<CredentialHolder, "get" | "refused" | "isAtHand">;

/**
 * Makes an upstream of its settings.
 *
 * @param before the same upstream before a reload; its connections are kept where they can be
 */
export function createUpstream(
  config: UpstreamConfig,
  credential: HeldCredential,
  before?: Upstream,
): Upstream {
  const { name, baseUrl, tls, proxy } = config;
  return {
    name,
    baseUrl,
    host: new URL(baseUrl).hostname,
    transport: new Transport(config, before?.transport),
    dial: dialer({ url: baseUrl, tls, proxyUrl: proxy?.url }),
    credential,
  };
}
