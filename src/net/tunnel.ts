import { endpointOf } from "./address.ts";
import { ByteSource } from "./byte_source.ts";
import { closedOnFailure, connectTcp, connectTls } from "./connect.ts";
import { writeAll } from "./write_all.ts";

const HEAD_END = "\r\n\r\n";

/** A tunnel through a forward proxy. */
export interface TunnelOptions {
  /** The forward proxy, http or https, its name and password in the URL where it wants them. */
  readonly proxy: URL;
  /** Where the tunnel leads, `host:port`. */
  readonly authority: string;
  /** PEM certificates that an https proxy may have, beside the usual ones. @default [] */
  readonly caCerts?: readonly string[] | undefined;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/** A forward proxy refused to open a tunnel. */
export class TunnelRefused extends Error {
  /** Tells it from other errors. */
  override readonly name = "TunnelRefused";

  /**
   * Makes one.
   *
   * @param statusLine what the proxy answered: `HTTP/1.1 407 Proxy Authentication Required`
   */
  constructor(statusLine: string) {
    super(`The forward proxy answered CONNECT with "${statusLine}"`);
  }
}

/**
 * Opens a tunnel through a forward proxy (RFC 9110 §9.3.6).
 *
 * @returns a connection that leads to the authority
 * @throws {TunnelRefused} when the proxy does not let us through
 * @throws the network's own error, or the signal's reason
 */
export async function openTunnel(options: TunnelOptions): Promise<Deno.TcpConn | Deno.TlsConn> {
  const conn = await askForTunnel(options);
  return await closedOnFailure(conn, options.signal, async () => {
    const source = new ByteSource(conn);
    const [statusLine = ""] = (await source.until(HEAD_END)).split("\r\n", 1);
    if (!/^HTTP\/1\.[01] 2\d\d/.test(statusLine)) throw new TunnelRefused(statusLine);
    // The other end waits for the client's first bytes.
    if (source.buffered.length > 0) {
      throw new Deno.errors.InvalidData("The forward proxy sent bytes of its own");
    }
    return conn;
  });
}

/**
 * Connects to a forward proxy and asks it for a tunnel. What the connection brings next is the
 * proxy's answer.
 *
 * @throws the network's own error, or the signal's reason
 */
export async function askForTunnel(
  { proxy, authority, caCerts = [], signal }: TunnelOptions,
): Promise<Deno.TcpConn | Deno.TlsConn> {
  const endpoint = endpointOf(proxy);
  const conn = proxy.protocol === "https:"
    ? await connectTls(endpoint, { caCerts }, signal)
    : await connectTcp(endpoint, signal);
  const request = new TextEncoder().encode(connectRequest(proxy, authority));
  await closedOnFailure(conn, signal, () => writeAll(conn, request));
  return conn;
}

/** RFC 9110 §9.3.6 and, for the credentials, §11.7.2. */
function connectRequest(proxy: URL, authority: string): string {
  const authorization = proxyAuthorization(proxy);
  return [
    `CONNECT ${authority} HTTP/1.1`,
    `Host: ${authority}`,
    ...(authorization ? [`Proxy-Authorization: ${authorization}`] : []),
  ].join("\r\n") + HEAD_END;
}

/**
 * The value of `Proxy-Authorization` for the name and password in a proxy's URL (RFC 7617 §2).
 *
 * @returns `undefined` where the URL holds neither
 */
export function proxyAuthorization({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${new TextEncoder().encode(credentials).toBase64()}`;
}
