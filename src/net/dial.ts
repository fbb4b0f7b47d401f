import { endpointOf, netAddressOf } from "./address.ts";
import { connectTcp, connectTls, startTls, type TlsOptions } from "./connect.ts";
import { openTunnel } from "./tunnel.ts";

/** Where connections lead. */
export interface Way {
  /** Its host and port are where they lead. */
  readonly url: string;
  /** The forward proxy in the way: the stand-in for it, which speaks plain HTTP. */
  readonly proxyUrl?: string | undefined;
}

/** Where connections lead, and how. */
export interface DialOptions extends Way {
  /** On what terms, where the URL's scheme says to speak TLS. */
  readonly tls: TlsOptions;
}

/**
 * Makes the function that opens connections to a host, without TLS.
 *
 * @returns what rejects with the network's own error, with `TunnelRefused`, or with the
 *   signal's reason
 */
export function connector({ url, proxyUrl }: Way): (signal: AbortSignal) => Promise<Deno.TcpConn> {
  if (proxyUrl === undefined) return (signal) => connectTcp(endpointOf(url), signal);
  const tunnel = { proxy: new URL(proxyUrl), authority: netAddressOf(url) };
  return (signal) => openTunnel({ ...tunnel, signal }) as Promise<Deno.TcpConn>;
}

/**
 * Makes the function that opens connections to the upstream for WebSockets, on the same terms as
 * the client of `fetch`: the same authorities, the same certificate of ours, the forward proxy.
 *
 * @returns what rejects with the network's own error, or with the signal's reason
 */
export function dialer(
  { url, tls, proxyUrl }: DialOptions,
): (signal: AbortSignal) => Promise<Deno.Conn> {
  const connect = connector({ url, proxyUrl });
  if (!url.startsWith("https:")) return connect;
  const endpoint = endpointOf(url);
  if (proxyUrl === undefined) return (signal) => connectTls(endpoint, tls, signal);
  return async (signal) => {
    if (tls.client) throw new Error(NO_CERTIFICATE_IN_TUNNEL);
    return await startTls(await connect(signal), endpoint.hostname, tls.caCerts, signal);
  };
}

const NO_CERTIFICATE_IN_TUNNEL =
  "Deno.startTls presents no certificate: a WebSocket with upstream_client_cert_path cannot cross " +
  "a forward proxy";
