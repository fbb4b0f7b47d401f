/**
 * No TCP keep-alive, and no option for it.
 *
 * Neither `fetch` nor `Deno.serve` turns `SO_KEEPALIVE` on. A connection whose path dies while it
 * waits for bytes, which every stream of events does most of the time, is never found out: whoever
 * reads it waits for ever.
 *
 * Expected: "keep-alive" three times, or an option for the latter two.
 *
 * Printed by Deno 2.9.6; the script reads the timers in `/proc/net/tcp`, so it needs Linux:
 *
 * ```text
 * Deno.connect with setKeepAlive: keep-alive
 * fetch: no timer
 * Deno.serve: no timer
 * ```
 *
 * Where: `ext/fetch/lib.rs`, `create_http_client` makes an `HttpConnector` and does not call its
 * `set_keepalive`; `ext/http/http_next.rs`, `serve_http_on`, sets nothing but `TCP_NODELAY`.
 *
 * Suggested fix: Turn it on, as Go does on both sides, and let `Deno.createHttpClient` and
 * `Deno.serve` take the interval.
 *
 * What claude-proxy does: `upstream_idle_timeout` cuts off an answer that falls silent, at the price
 * of reading every answer's body in JavaScript (`src/proxy/watched_body.ts`); sockets that it opens
 * itself keep alive (`src/net/connect.ts`), guarded by `tests/unit/net/connect_test.ts`.
 */

/** What the timer of an established connection is, by its own port and its peer's. */
function timer(own: number, peer: number): string {
  const [local, remote] = [own, peer].map((port) =>
    port.toString(16).toUpperCase().padStart(4, "0")
  );
  const sockets = Deno.readTextFileSync("/proc/net/tcp").split("\n");
  const found = sockets.map((line) => line.trim().split(/\s+/)).find((fields) =>
    fields[1]?.endsWith(`:${local}`) && fields[2]?.endsWith(`:${remote}`)
  );
  return found?.[5]?.startsWith("02:") ? "keep-alive" : "no timer";
}

const peers: number[] = [];
const { addr } = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (_, info) => {
  peers.push((info.remoteAddr as Deno.NetAddr).port);
  return new Response("ok");
});
const { hostname, port } = addr as Deno.NetAddr;

const conn = await Deno.connect({ hostname, port });
conn.setKeepAlive();
console.log("Deno.connect with setKeepAlive:", timer((conn.localAddr as Deno.NetAddr).port, port));

await (await fetch(`http://${hostname}:${port}`)).text();
const [client = 0] = peers;
console.log("fetch:", timer(client, port));
console.log("Deno.serve:", timer(port, client));
Deno.exit();
