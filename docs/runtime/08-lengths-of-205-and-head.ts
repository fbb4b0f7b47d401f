/**
 * 205 loses its length, and HEAD gets one.
 *
 * A 205 goes out without `content-length: 0`, though nothing else ends it in HTTP/1.1 (RFC 9112
 * §6.3): clients wait for more. And a response without a body is announced to HEAD as one of 0
 * bytes, though the length that GET would have is not known.
 *
 * Expected: `content-length: 0` in answer to GET, and no length in answer to HEAD.
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * GET [ "HTTP/1.1 205 Reset Content", "", "" ]
 * HEAD [ "HTTP/1.1 200 OK", "content-length: 0", "", "" ]
 * ```
 *
 * Where: `libs/http_h1/write.rs`: `status_allows_body` has 205 among the statuses without a
 * length; RFC 9112 names 1xx, 204 and 304 only.
 *
 * What claude-proxy does: It refuses a 205 with 502, and to HEAD it gives an empty stream as the
 * body, which has no length; guarded by `tests/wire/framing_test.ts`.
 */

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
  const headers = { "content-length": "0" };
  if (request.method === "GET") return new Response(null, { status: 205, headers });
  return new Response(null);
});

async function ask(method: string): Promise<void> {
  const client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  await client.write(new TextEncoder().encode(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`));
  const bytes = new Uint8Array(1_000);
  const head = new TextDecoder().decode(bytes.subarray(0, await client.read(bytes) ?? 0));
  console.log(method, head.split("\r\n").filter((line) => !line.startsWith("date")));
  client.close();
}

await ask("GET");
await ask("HEAD");
Deno.exit();
