/**
 * A request with a body that offers an upgrade is answered 400 before any handler.
 *
 * `Upgrade: h2c` is an offer, which a server is free to pass over (RFC 9110 §7.8), and Java's
 * `HttpClient` makes it on every first request over plain HTTP unless told otherwise. `Deno.serve`
 * passes over it on a GET, and answers a POST with 400 and an empty body, so that no handler and no
 * log learns of it.
 *
 * Expected: the handler is called for both.
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * the handler has a GET
 * GET: HTTP/1.1 200 OK
 * POST: HTTP/1.1 400 Bad Request
 * ```
 *
 * Where: `libs/http_h1/parse.rs`, `HeaderInfo::body_kind`: a request with `connection: upgrade` and
 * any `upgrade` is taken to have none of the bodies that its other headers announce, so the body is
 * read as the next request.
 *
 * Suggested fix: Take the body from `transfer-encoding` and `content-length` as for any request, and
 * stop reading HTTP/1.1 only when the handler has in fact upgraded.
 *
 * What claude-proxy does: Nothing is left to do for a handler that is not called. The manual says how
 * to tell Java's client, and the nginx in front of it (`deploy/nginx.conf`) takes the offer away.
 */

const listen = { hostname: "127.0.0.1", port: 0, onListen() {} };
const server = Deno.serve(listen, async (request) => {
  console.log("the handler has a", request.method);
  await request.text();
  return new Response();
});

async function ask(method: string, body: string): Promise<void> {
  const client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  const head = [
    `${method} / HTTP/1.1`,
    "Host: a",
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA",
    ...(body === "" ? [] : [`Content-Length: ${body.length}`]),
  ];
  await client.write(new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n${body}`));
  const bytes = new Uint8Array(1024);
  const answer = new TextDecoder().decode(bytes.subarray(0, await client.read(bytes) ?? 0));
  console.log(`${method}: ${answer.split("\r\n")[0]}`);
  client.close();
}

await ask("GET", "");
await ask("POST", "{}");
Deno.exit();
