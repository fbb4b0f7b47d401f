import { ByteSource } from "./byte_source.ts";

/** How TLS with a server differs from the usual. All of it is PEM text. */
export interface TlsOptions {
  /** Certificate authorities to trust beside the usual ones. */
  readonly caCerts: readonly string[];
  /** What we present where the server asks for a certificate (mTLS). */
  readonly client?: { readonly cert: string; readonly key: string };
}

/** Where connections lead, and how. */
export interface DialOptions {
  /** Its scheme says whether to speak TLS. */
  readonly url: string;
  /** On what terms. */
  readonly tls: TlsOptions;
  /** A forward proxy in the way that asks for no password. */
  readonly proxyUrl?: string | undefined;
}

/**
 * Makes the function that opens connections to a server for WebSockets, on the same terms as the
 * client of `fetch`: the same authorities, the same certificate of ours, the forward proxy.
 *
 * @returns what rejects with the network's own error, or with the signal's reason
 */
export function dialer(
  { url, tls: { caCerts, client }, proxyUrl }: DialOptions,
): (signal: AbortSignal) => Promise<Deno.Conn> {
  const { protocol, hostname: name, port: given } = new URL(url);
  const isTls = protocol === "https:";
  const hostname = name.replace(/^\[|\]$/g, "");
  const port = Number(given || (isTls ? 443 : 80));
  const tls = { hostname, caCerts: [...caCerts], alpnProtocols: ["http/1.1"] };
  return async (signal) => {
    if (proxyUrl !== undefined) {
      const conn = await tunnel(proxyUrl, `${name}:${port}`, signal);
      if (!isTls) return conn;
      if (client) throw closed(conn, NO_CERTIFICATE_IN_TUNNEL);
      return await shakenHands(Deno.startTls(conn, tls), signal);
    }
    if (!isTls) return withoutDelay(await Deno.connect({ hostname, port, signal }));
    return await shakenHands(Deno.connectTls({ port, ...tls, ...client }), signal);
  };
}

const NO_CERTIFICATE_IN_TUNNEL =
  "Deno.startTls presents no certificate: a WebSocket with upstream_client_cert_path cannot cross " +
  "a forward proxy";

/** Through a proxy without a password, or the stand-in for one with it (RFC 9110 §9.3.6). */
async function tunnel(
  proxy: string,
  authority: string,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  const { hostname, port } = new URL(proxy);
  const conn = withoutDelay(await Deno.connect({ hostname, port: Number(port), signal }));
  const request = `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`;
  const statusLine = await closedOnAbort(conn, signal, async () => {
    await conn.write(new TextEncoder().encode(request));
    // Nothing may stand behind the head: the upstream waits for the client's first bytes.
    return (await new ByteSource(conn).until("\r\n\r\n")).split("\r\n", 1)[0] ?? "";
  });
  if (/^HTTP\/1\.[01] 2\d\d/.test(statusLine)) return conn;
  throw closed(conn, `The forward proxy answered CONNECT with "${statusLine}"`);
}

/**
 * Completes the handshake, so that what fails in it is told apart from what fails later. Nothing
 * can cancel it: where the signal comes first, the connection lives until the peer gives up.
 */
async function shakenHands(
  connecting: Promise<Deno.TlsConn>,
  signal: AbortSignal,
): Promise<Deno.TlsConn> {
  const conn = await connecting;
  await closedOnAbort(conn, signal, () => conn.handshake());
  return withoutDelay(conn);
}

/** Does something with a connection, which is closed where that fails or the signal comes first. */
async function closedOnAbort<T>(
  conn: Deno.Conn,
  signal: AbortSignal,
  action: () => Promise<T>,
): Promise<T> {
  const abort = () => conn.close();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await action();
  } catch (error) {
    if (!signal.aborted) conn.close();
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function withoutDelay<C extends Deno.TcpConn | Deno.TlsConn>(conn: C): C {
  if ("setNoDelay" in conn) conn.setNoDelay();
  return conn;
}

function closed(conn: Deno.Conn, reason: string): Error {
  conn.close();
  return new Error(reason);
}
