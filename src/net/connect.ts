import type { Endpoint } from "./address.ts";

/** How TLS with a server differs from the usual. All of it is PEM text. */
export interface TlsOptions {
  /** Certificate authorities to trust beside the usual ones. */
  readonly caCerts: readonly string[];
  /** What we present where the server asks for a certificate (mTLS). */
  readonly client?: { readonly cert: string; readonly key: string };
}

/** HTTP/1.1 is all that is spoken on connections of our own. */
const ALPN = ["http/1.1"];

/**
 * Connects without Nagle's delay, and with TCP keep-alive, so that a path that died is found out in
 * the time that the kernel's settings say. Guarded by `tests/unit/net/connect_test.ts`.
 *
 * @throws the network's own error, or the signal's reason
 */
export async function connectTcp(
  { hostname, port }: Endpoint,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname, port, signal });
  conn.setNoDelay();
  conn.setKeepAlive();
  return conn;
}

/**
 * Connects by TLS and completes the handshake. `Deno.startTls` presents no certificate, and a
 * connection of `Deno.connectTls` keeps Nagle's delay: the latter only where there is one to present.
 *
 * @throws the network's own error, or the signal's reason
 */
export async function connectTls(
  endpoint: Endpoint,
  { caCerts, client }: TlsOptions,
  signal: AbortSignal,
): Promise<Deno.TlsConn> {
  if (client === undefined) {
    return await startTls(await connectTcp(endpoint, signal), endpoint.hostname, caCerts, signal);
  }
  const { hostname, port } = endpoint;
  const options = { hostname, port, caCerts: [...caCerts], alpnProtocols: ALPN, ...client };
  return await shakenHands(await Deno.connectTls(options), signal);
}

/**
 * Begins TLS on a connection, and completes the handshake.
 *
 * @param hostname whom the server's certificate has to name
 * @throws the network's own error, or the signal's reason; the connection is closed then
 */
export async function startTls(
  conn: Deno.TcpConn,
  hostname: string,
  caCerts: readonly string[],
  signal: AbortSignal,
): Promise<Deno.TlsConn> {
  const options = { hostname, caCerts: [...caCerts], alpnProtocols: ALPN };
  return await shakenHands(await Deno.startTls(conn, options), signal);
}

/**
 * Completes the handshake, so that what fails in it is told apart from what fails later. Nothing
 * can cancel it: where the signal comes first, the connection lives until the peer gives up.
 */
async function shakenHands(conn: Deno.TlsConn, signal: AbortSignal): Promise<Deno.TlsConn> {
  await closedOnFailure(conn, signal, () => conn.handshake());
  return conn;
}

/** Does something with a connection, which is closed where that fails or the signal comes first. */
export async function closedOnFailure<T>(
  conn: Deno.Conn,
  signal: AbortSignal,
  action: () => Promise<T>,
): Promise<T> {
  const close = () => closeQuietly(conn);
  signal.addEventListener("abort", close);
  try {
    signal.throwIfAborted();
    return await action();
  } catch (error) {
    close();
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", close);
  }
}

/** Closes a connection, which something else may have closed already. */
export function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
