import { Buffer } from "node:buffer";
import { endpointOf } from "./address.ts";
import { proxyAuthorization } from "./forward_proxy.ts";

/** Longest head of a CONNECT request or of the answer to one, in bytes. */
const LONGEST_HEAD = 16 * 1024;
const HEAD_END = "\r\n\r\n";

/** Where a tunnel leads. */
export interface TunnelOptions {
  /** The forward proxy, its name and password in the URL. */
  readonly proxy: URL;
  /** The only authority that may be reached through it, `host:port`. */
  readonly authority: string;
}

/** A local stand-in for a forward proxy. */
export interface ProxyTunnel extends AsyncDisposable {
  /** What to give to `Deno.createHttpClient` in place of the proxy. */
  readonly url: string;
}

/**
 * Stands in for a forward proxy, on a port of the loopback interface: workers need neither its
 * password nor network access to it.
 *
 * Deno's `fetch` sends the password not only to the proxy, in its CONNECT request, but once more
 * inside the tunnel, as `proxy-authorization` of the request itself: to the upstream. Here the
 * password is added to the CONNECT alone. Only one authority can be reached, so that another
 * program of this machine gains nothing from the port. Guarded by
 * `tests/integration/forward_proxy_test.ts`.
 */
export function startProxyTunnel(options: TunnelOptions): ProxyTunnel {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.Conn>();
  const accepting = (async () => {
    for await (const conn of listener) {
      connections.add(conn);
      void relay(conn, options, connections).finally(() => connections.delete(conn));
    }
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const conn of connections) closeQuietly(conn);
      await accepting;
    },
  };
}

/** One CONNECT, and the bytes behind it until either side ends. */
async function relay(
  client: Deno.Conn,
  options: TunnelOptions,
  connections: Set<Deno.Conn>,
): Promise<void> {
  let proxy: Deno.Conn | undefined;
  try {
    const head = await readHead(client);
    if (head.split(" ", 2).join(" ") !== `CONNECT ${options.authority}`) {
      await writeAll(client, "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    proxy = await connect(options.proxy);
    connections.add(proxy);
    await writeAll(proxy, connectRequest(options));
    await Promise.all([
      client.readable.pipeTo(proxy.writable),
      proxy.readable.pipeTo(client.writable),
    ]);
  } catch {
    // Either side may end at any time; the runtime's own client reports what that means.
  } finally {
    closeQuietly(client);
    if (proxy) {
      connections.delete(proxy);
      closeQuietly(proxy);
    }
  }
}

/** RFC 9110 §9.3.6 and, for the credentials, §11.7.2. */
function connectRequest({ proxy, authority }: TunnelOptions): string {
  const authorization = proxyAuthorization(proxy);
  return [
    `CONNECT ${authority} HTTP/1.1`,
    `Host: ${authority}`,
    ...(authorization ? [`Proxy-Authorization: ${authorization}`] : []),
  ].join("\r\n") + HEAD_END;
}

async function connect(proxy: URL): Promise<Deno.Conn> {
  if (proxy.protocol === "https:") return await Deno.connectTls(endpointOf(proxy));
  const conn = await Deno.connect(endpointOf(proxy));
  conn.setNoDelay();
  return conn;
}

/** The client waits for the answer before it sends more, so nothing stands behind its head. */
async function readHead(conn: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(LONGEST_HEAD);
  for (let length = 0; length < buffer.length;) {
    const count = await conn.read(buffer.subarray(length));
    if (count === null) break;
    length += count;
    const head = Buffer.from(buffer.buffer, 0, length).toString("latin1");
    if (head.endsWith(HEAD_END)) return head;
  }
  throw new Deno.errors.InvalidData("Expected the head of a CONNECT request");
}

async function writeAll(conn: Deno.Conn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is closed already: its stream closed it at its end.
  }
}
