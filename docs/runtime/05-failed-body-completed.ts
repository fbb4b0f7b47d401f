/**
 * A response body that fails counts as completed.
 *
 * When the stream that is a response's body fails, the client is cut off, as it must be, but
 * `info.completed` resolves, and `request.signal` does not fire: a server cannot tell a broken
 * answer from a whole one.
 *
 * Expected: that `info.completed` rejects, as it does when the client leaves.
 *
 * Printed by Deno 2.9.6 with `--unstable-no-legacy-abort`:
 *
 * ```text
 * the client's body: cut off
 * info.completed: resolved
 * ```
 *
 * Where: `ext/http/http_next.rs`: `write_h1_stream_response` ends with `finish(false)` for
 * `ResponseStreamResult::Error`, but `RawHttpRecord::response_body_finished` then tells success
 * from `response_body`, which has been taken, so that it is `None` either way.
 *
 * What claude-proxy does: Nothing but to say in its README that the log cannot tell such an answer
 * from a whole one.
 */

const encoder = new TextEncoder();
const upstream = Deno.listen({ hostname: "127.0.0.1", port: 0 });
(async () => {
  for await (const connection of upstream) {
    await connection.read(new Uint8Array(1024));
    const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    await connection.write(encoder.encode(`${head}4\r\nhalf\r\n`));
    await new Promise((later) => setTimeout(later, 200));
    connection.close(); // Without the last chunk.
  }
})();

const upstreamPort = (upstream.addr as Deno.NetAddr).port;
const told = Promise.withResolvers<string>();
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request, info) => {
  info.completed.then(() => told.resolve("resolved"), () => told.resolve("rejected"));
  request.signal.addEventListener("abort", () => console.log("request.signal aborted"));
  return fetch(`http://127.0.0.1:${upstreamPort}`);
});

const response = await fetch(`http://127.0.0.1:${server.addr.port}`);
const body = await response.text().catch(() => "cut off");
console.log("the client's body:", body);
console.log("info.completed:", await told.promise);
Deno.exit();
