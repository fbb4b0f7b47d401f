/**
 * `shutdown()` breaks request bodies off.
 *
 * Known: denoland/deno#36809, with a fix proposed in denoland/deno#36825.
 *
 * Expected: "the body: abcd".
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * the body: BadResource
 * ```
 *
 * What claude-proxy does: It shuts a listener down when it drains, after the last request, and
 * when its certificate is replaced. Then it waits for uploads first, 30 seconds at most: `retire`
 * in `src/worker/server.ts`, guarded by `tests/wire/shutdown_test.ts`.
 */

const read = Promise.withResolvers<string>();
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
  read.resolve(await request.text().catch((error) => error.name));
  return new Response();
});

const encoder = new TextEncoder();
const client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
await client.write(encoder.encode("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab"));
await new Promise((later) => setTimeout(later, 100));
void server.shutdown();
await client.write(encoder.encode("cd"));
console.log("the body:", await read.promise);
Deno.exit();
