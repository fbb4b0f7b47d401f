/**
 * `request.signal` does not fire for an abandoned POST.
 *
 * A handler that waits for something slow (here: an upstream's answer) is told by `request.signal`
 * when its client has gone, so that it can stop. For an HTTP/1.1 request with a body that did not
 * arrive along with its head, it is not told, plain or TLS, until it begins to answer.
 *
 * Expected: "aborted at once" three times, as over HTTP/2, and as the `close` event of Node's
 * responses tells.
 *
 * Printed by Deno 2.9.6 with `--unstable-no-legacy-abort`:
 *
 * ```text
 * /get aborted at once
 * /body-with-head aborted at once
 * /body-after-head not aborted in 2 s
 * ```
 *
 * Where: `ext/http/http_next.rs`, `wait_raw_response_ready`: it polls the connection for its end
 * only `if request_body.is_none()`. A GET and a body that `try_take_full_body` found in the first
 * read take another branch, `wait_raw_response_ready_or_closed`, which does poll.
 *
 * Suggested fix: Decide at each poll instead of once: look for the peer's end as soon as the
 * request's body has been read to its own end (the connection's protocol state knows), since from
 * then on nobody else reads the connection. What is read early belongs to the next request and
 * stays in `buffered`, as in the other branch. With the waker that denoland/deno#36629 introduced,
 * polling during the body is safe as well.
 *
 * What claude-proxy does: It gives the abandoned POST up when headers come, and
 * `upstream_header_timeout` bounds how late that is; `tests/wire/cancel_test.ts` pins both. No way
 * around it was found that leaves bodies to the runtime. `info.completed` settles only after the
 * answer; `ServeHandlerInfo` has no more to offer; the body's stream is closed once read, and its
 * resource is not reachable from outside; a response that has begun is watched, but its status
 * cannot be known yet, and a 1xx cannot be made; Unix sockets are served by the same code;
 * `node:http` notices, at one and a half times the cost of each event; a listener of our own in
 * front would carry every byte through JavaScript.
 */

const encoder = new TextEncoder();
let answered = Promise.withResolvers<void>();

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
  const aborted = await new Promise<boolean>((resolve) => {
    request.signal.addEventListener("abort", () => resolve(true));
    setTimeout(() => resolve(false), 2_000);
  });
  console.log(new URL(request.url).pathname, aborted ? "aborted at once" : "not aborted in 2 s");
  answered.resolve();
  return new Response();
});

async function abandon(...pieces: string[]): Promise<void> {
  answered = Promise.withResolvers();
  const client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  for (const piece of pieces) {
    await client.write(encoder.encode(piece));
    await new Promise((later) => setTimeout(later, 100)); // A segment of its own.
  }
  client.close();
  await answered.promise;
}

await abandon("GET /get HTTP/1.1\r\nHost: a\r\n\r\n");
const head = "HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
await abandon(`POST /body-with-head ${head}hello`);
await abandon(`POST /body-after-head ${head}`, "hello");
Deno.exit();
