import { connect, type PeerCertificate, type TLSSocket } from "node:tls";
import { untilAborted } from "../time/until_aborted.ts";
import { endpointOf, netAddressOf } from "./address.ts";
import { connectTcp } from "./connect.ts";
import { duplexOf } from "./duplex.ts";
import { openTunnel } from "./tunnel.ts";

/** Milliseconds that looking at a certificate may take. */
const LOOK_TIMEOUT = 10_000;

/** What identifies a certificate to whoever has to trust it, or to find out who sent it. */
export interface PresentedCertificate {
  /** Whose it is: `CN=example.com`. */
  readonly subject: string;
  /** Who signed it. */
  readonly issuer: string;
  /** SHA-256 of its DER form, in hexadecimal with colons, as `openssl x509 -fingerprint` prints it. */
  readonly sha256: string;
  /** As OpenSSL prints times: `Jan 31 12:00:00 2027 GMT`. */
  readonly expires: string;
}

/**
 * Fetches the certificate that a server presents, trusted or not. Deno's `fetch` reports a refused
 * certificate as "UnknownIssuer" and does not say whose it was; with an intercepting proxy in the
 * way that is the first thing to know. The connection carries nothing but the handshake.
 *
 * @param url where the handshake failed
 * @param proxy the forward proxy on the way there, see `forwardProxyFor`
 * @param caCerts PEM certificates that an https proxy may have, beside the usual ones
 * @throws {Error} when there is no certificate to be had within ten seconds
 */
export async function presentedCertificate(
  url: string,
  proxy: URL | undefined,
  caCerts: readonly string[] = [],
): Promise<PresentedCertificate> {
  const signal = AbortSignal.timeout(LOOK_TIMEOUT);
  const authority = netAddressOf(url);
  const conn = proxy === undefined
    ? await connectTcp(endpointOf(url), signal)
    : await openTunnel({ proxy, authority, caCerts, signal });
  return await handshake(conn, endpointOf(url).hostname, signal);
}

async function handshake(
  conn: Deno.Conn,
  servername: string,
  signal: AbortSignal,
): Promise<PresentedCertificate> {
  const { promise, resolve, reject } = Promise.withResolvers<PresentedCertificate>();
  const socket: TLSSocket = connect(
    // An empty list of authorities: the usual ones would need the permission --allow-sys=ca.
    { socket: duplexOf(conn), servername, rejectUnauthorized: false, ca: [] },
    () => resolve(describe(socket.getPeerCertificate())),
  );
  socket.once("error", reject);
  try {
    return await untilAborted(promise, signal);
  } finally {
    socket.destroy();
  }
}

function describe(certificate: PeerCertificate): PresentedCertificate {
  return {
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    sha256: certificate.fingerprint256,
    expires: certificate.valid_to,
  };
}

function nameOf(name: PeerCertificate["subject"] | undefined): string {
  return Object.entries(name ?? {}).map(([field, value]) => `${field}=${value}`).join(", ");
}
