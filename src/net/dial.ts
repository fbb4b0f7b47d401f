import { endpointOf, netAddressOf } from "./address.ts";
import { connectTcp, connectTls, startTls, type TlsOptions } from "./connect.ts";
import { openTunnel } from "./tunnel.ts";

/** Where connections lead, and how. */
export interface DialOptions {
  /** Its scheme says whether to speak TLS. */
  readonly url: string;
  /** On what terms. */
  readonly tls: TlsOptions;
  /** The forward proxy in the way: the stand-in for it, which speaks plain HTTP. */
  readonly proxyUrl?: string | undefined;
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
  const isTls = url.startsWith("https:");
  const endpoint = endpointOf(url);
  if (proxyUrl === undefined) {
    return (signal) => isTls ? connectTls(endpoint, tls, signal) : connectTcp(endpoint, signal);
  }
  const tunnel = { proxy: new URL(proxyUrl), authority: netAddressOf(url) };
  return async (signal) => {
    if (isTls && tls.client) throw new Error(NO_CERTIFICATE_IN_TUNNEL);
    const conn = await openTunnel({ ...tunnel, signal }) as Deno.TcpConn;
    return isTls ? await startTls(conn, endpoint.hostname, tls.caCerts, signal) : conn;
  };
}

const NO_CERTIFICATE_IN_TUNNEL =
  "Deno.startTls presents no certificate: a WebSocket with upstream_client_cert_path cannot cross " +
  "a forward proxy";
