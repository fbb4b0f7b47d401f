import { connect, type PeerCertificate, type TLSSocket } from "node:tls";
import { request } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { proxyAuthorization } from "./forward_proxy.ts";

/** Milliseconds that looking at a certificate may take. */
const LOOK_TIMEOUT = 10_000;

/** The words of Deno's `fetch` for a certificate it does not accept. */
export const UNTRUSTED: RegExp = /invalid peer certificate/;

/** What identifies a certificate to whoever has to trust it, or to find out who sent it. */
export interface PresentedCertificate {
  readonly subject: string;
  readonly issuer: string;
  /** SHA-256 of its DER form, in hexadecimal with colons, as `openssl x509 -fingerprint` prints it. */
  readonly sha256: string;
  readonly expires: string;
}

/**
 * Fetches the certificate that a server presents, trusted or not. Deno's `fetch` reports a refused
 * certificate as "UnknownIssuer" and does not say whose it was; with an intercepting proxy in the
 * way that is the first thing to know. The connection carries nothing but the handshake.
 *
 * @param url where the handshake failed
 * @param proxy the forward proxy on the way there, see `forwardProxyFor`
 * @throws {Error} when there is no certificate to be had within ten seconds
 */
export async function presentedCertificate(
  url: string,
  proxy: URL | undefined,
): Promise<PresentedCertificate> {
  const { hostname, port } = new URL(url);
  const target = { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 443) };
  const socket = proxy && await tunnelTo(`${hostname}:${target.port}`, proxy);
  return await handshake({ ...target, ...(socket && { socket }) });
}

function handshake(
  target: { host: string; port: number; socket?: Duplex },
): Promise<PresentedCertificate> {
  const { promise, resolve, reject } = Promise.withResolvers<PresentedCertificate>();
  const socket: TLSSocket = connect(
    // An empty list of authorities: the usual ones would need the permission --allow-sys=ca.
    { ...target, servername: target.host, rejectUnauthorized: false, ca: [] },
    () => resolve(describe(socket.getPeerCertificate())),
  );
  socket.once("error", reject);
  socket.setTimeout(LOOK_TIMEOUT, () => reject(new Error("Timed out")));
  return promise.finally(() => socket.destroy());
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

/** Opens a CONNECT tunnel (RFC 9110 §9.3.6). */
function tunnelTo(authority: string, proxy: URL): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const authorization = proxyAuthorization(proxy);
  const asked = request({
    method: "CONNECT",
    host: proxy.hostname,
    port: Number(proxy.port || 80),
    path: authority,
    agent: false,
    timeout: LOOK_TIMEOUT,
    ...(authorization && { headers: { "proxy-authorization": authorization } }),
  });
  asked.once("connect", (answer, socket) => {
    if (answer.statusCode === 200) resolve(socket as Socket);
    else reject(new Error(`The proxy answered CONNECT with ${answer.statusCode}`));
  });
  asked.once("error", reject);
  asked.once("timeout", () => asked.destroy(new Error("Timed out")));
  asked.end();
  return promise;
}
