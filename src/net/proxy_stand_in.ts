import { ByteSource } from "./byte_source.ts";
import { closedOnFailure, closeQuietly } from "./connect.ts";
import { askForTunnel, type TunnelOptions } from "./tunnel.ts";
import { writeAll } from "./write_all.ts";

/** Milliseconds that a client may take for its CONNECT: it runs on this machine, and is ours. */
const HEAD_LIMIT = 10_000;

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
 *
 * @param headLimit milliseconds after which a connection without a CONNECT is closed
 */
export function startProxyStandIn(
  options: Omit<TunnelOptions, "signal">,
  headLimit = HEAD_LIMIT,
): ProxyStandIn {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const stop = new AbortController();
  const accepting = (async () => {
    for await (const conn of listener) {
      conn.setNoDelay();
      void relay(conn, { ...options, signal: stop.signal }, headLimit);
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
async function relay(client: Deno.Conn, options: TunnelOptions, headLimit: number): Promise<void> {
  const ended = new AbortController();
  const end = () => ended.abort();
  const late = setTimeout(end, headLimit);
  options.signal.addEventListener("abort", end);
  try {
    options.signal.throwIfAborted();
    await closedOnFailure(client, ended.signal, async () => {
      if (!await asksFor(options.authority, client)) return await writeAll(client, FORBIDDEN);
      clearTimeout(late);
      await tunnel(client, { ...options, signal: ended.signal }, end);
    });
  } catch {
    // Either side may end at any time; the runtime's own client reports what that means.
  } finally {
    clearTimeout(late);
    options.signal.removeEventListener("abort", end);
    closeQuietly(client);
  }
}

async function asksFor(authority: string, client: Deno.Conn): Promise<boolean> {
  const source = new ByteSource(client);
  const asked = (await source.until("\r\n\r\n")).split(" ", 2).join(" ");
  return asked === `CONNECT ${authority}` && source.buffered.length === 0;
}

/** @param end ends all of it: called when the client has left */
async function tunnel(client: Deno.Conn, options: TunnelOptions, end: () => void): Promise<void> {
  const { signal } = options;
  // Read from now on: the client may leave while the proxy is still being connected to.
  const reader = client.readable.getReader();
  const first = reader.read();
  first.then(({ done }) => done && end(), end);
  const proxy = await askForTunnel(options);
  const toProxy = async () => {
    const { value } = await first;
    reader.releaseLock();
    if (value !== undefined) await writeAll(proxy, value);
    await client.readable.pipeTo(proxy.writable, { signal });
    end();
  };
  await closedOnFailure(proxy, signal, () =>
    Promise.all([
      toProxy(),
      proxy.readable.pipeTo(client.writable, { signal }),
    ]));
}

const FORBIDDEN = new TextEncoder().encode("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
