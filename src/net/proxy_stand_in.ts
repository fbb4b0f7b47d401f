import { ByteSource } from "./byte_source.ts";
import { closeQuietly } from "./connect.ts";
import { askForTunnel, type TunnelOptions } from "./tunnel.ts";
import { writeAll } from "./write_all.ts";

/** A local stand-in for a forward proxy. */
export interface ProxyStandIn extends AsyncDisposable {
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
export function startProxyStandIn(options: Omit<TunnelOptions, "signal">): ProxyStandIn {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const stop = new AbortController();
  const accepting = (async () => {
    for await (const conn of listener) {
      conn.setNoDelay();
      void relay(conn, { ...options, signal: stop.signal });
    }
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      stop.abort();
      await accepting;
    },
  };
}

/** One CONNECT, and the bytes behind it until either side ends. The proxy's answer is among them. */
async function relay(client: Deno.Conn, options: TunnelOptions): Promise<void> {
  const { authority, signal } = options;
  const conns = [client];
  const close = () => conns.forEach(closeQuietly);
  signal.addEventListener("abort", close);
  try {
    signal.throwIfAborted();
    const source = new ByteSource(client);
    const asked = (await source.until("\r\n\r\n")).split(" ", 2).join(" ");
    if (asked !== `CONNECT ${authority}` || source.buffered.length > 0) {
      return await writeAll(client, FORBIDDEN);
    }
    const proxy = await askForTunnel(options);
    conns.push(proxy);
    await Promise.all([
      client.readable.pipeTo(proxy.writable, { signal }),
      proxy.readable.pipeTo(client.writable, { signal }),
    ]);
  } catch {
    // Either side may end at any time; the runtime's own client reports what that means.
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}

const FORBIDDEN = new TextEncoder().encode("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
