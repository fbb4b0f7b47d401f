/**
 * `shutdown()` closes connections whose first request is on its way.
 *
 * A connection that was accepted before `shutdown()`, and whose first request comes after it, is closed
 * without an answer. A client cannot tell that from a server that has failed, and may not send a POST
 * again. There is no other way to stop accepting.
 *
 * Expected: "the answer: HTTP/1.1 200 OK".
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * the answer: none
 * ```
 *
 * What claude-proxy does: Before it leaves a port to another process, it asks clients to close their
 * connections, so that they make the next with that process, and waits for a moment without new
 * requests: `leave` in `src/worker/server.ts`.
 */

const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
const server = Deno.serve(options, () => new Response());
const client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
await new Promise((later) => setTimeout(later, 100));
void server.shutdown();
await client.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
const bytes = new Uint8Array(1_000);
const count = await client.read(bytes).catch(() => null);
const answer = count === null ? "none" : new TextDecoder().decode(bytes.subarray(0, count));
console.log("the answer:", answer.split("\r\n", 1)[0]);
Deno.exit();
