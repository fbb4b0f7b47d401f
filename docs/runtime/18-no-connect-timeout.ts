/**
 * `fetch` has no limit for connecting.
 *
 * Where nothing answers a SYN, as behind a firewall that drops it, `fetch` waits until the kernel
 * gives up: 138 s on Linux. It has no option for a limit, and nothing tells whether a `fetch` that
 * is pending is connected, so nobody can set one: a timer would end slow answers too, and whoever
 * ends a POST does not know whether it was sent.
 *
 * Expected: an option of `Deno.createHttpClient`, and a failure with "client error (Connect)".
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * Deno.connect ends with a signal of its own: TimeoutError
 * fetch is pending after 3 s
 * ```
 *
 * Where: `ext/fetch/lib.rs`, `create_http_client` makes an `HttpConnector` and does not call its
 * `set_connect_timeout`.
 *
 * Suggested fix: An option `connectTimeout` of `Deno.createHttpClient` that is handed to it.
 *
 * What claude-proxy does: Past `upstream_connect_timeout` it makes a second connection beside the
 * `fetch`, and ends that where there is none to be had: `src/upstreams/connect_probe.ts`, guarded by
 * `tests/wire/connect_timeout_test.ts`.
 */

const seconds = (count: number) => new Promise((over) => setTimeout(over, 1_000 * count));

// A listener that accepts nobody: once its queue is full, the kernel drops every SYN.
const { addr } = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
const { hostname, port } = addr as Deno.NetAddr;
for (;;) {
  const signal = AbortSignal.timeout(500);
  try {
    await Deno.connect({ hostname, port, signal });
  } catch (error) {
    console.log("Deno.connect ends with a signal of its own:", (error as Error).name);
    break;
  }
}

const ended = fetch(`http://${hostname}:${port}`).then((answer) => `${answer.status}`, String);
console.log("fetch is", await Promise.race([ended, seconds(3).then(() => "pending after 3 s")]));
Deno.exit();
