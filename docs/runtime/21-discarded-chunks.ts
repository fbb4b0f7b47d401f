/**
 * The rest of a chunked request body is thrown away without a turn for anybody else.
 *
 * When a request is answered before its chunked body was read, or its client leaves inside it,
 * `Deno.serve` throws away what it has piled up of the body (see 02), chunk by chunk, and moves all
 * the rest for each. Nothing else runs meanwhile: no timer, no message, no other connection. 2 MB
 * in chunks of one byte take 10 s, 50 MB in chunks of 1,000 bytes a minute. A proxy that answers
 * with `fetch(upstream, { body: request.body })` gets there by itself: one client without any key
 * stops it by an upload that is faster than the upstream.
 *
 * Expected: "false".
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * a timer waited for more than half a second: true
 * ```
 *
 * Where: `ext/http/http_next.rs`, `serve_http11_raw`: `discard_body_with_scratch` in
 * `libs/http_h1/conn.rs` awaits chunk after chunk, each of which is at hand, and `drain(..consumed)`
 * of `buffered` moves what is behind it.
 *
 * Suggested fix: As in 02; and nothing that was piled up needs to be taken apart to close a
 * connection: after the peer's end, or where the connection is not kept, drop it.
 *
 * What claude-proxy does: It reads bodies of unannounced length itself, as much at a time as a
 * chunk holds, so that little piles up, and gives up those that pile up all the same:
 * `src/proxy/piece_reader.ts`, guarded by `tests/integration/hostile_uploads_test.ts`. A body that
 * JavaScript may still read is not thrown away, so such a one is cancelled a second after its
 * refusal.
 */

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
  try {
    for await (const _ of request.body ?? []) await new Promise((turn) => setTimeout(turn, 0));
  } catch {
    // The client has left.
  }
  return new Response();
});

let last = performance.now();
let longest = 0;
setInterval(() => {
  const now = performance.now();
  longest = Math.max(longest, now - last);
  last = now;
}, 10);

const encoder = new TextEncoder();
const client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
const writer = client.writable.getWriter();
const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
await writer.write(encoder.encode(head));
const chunks = encoder.encode("1\r\nx\r\n".repeat(10_000));
for (let count = 0; count < 20; count++) await writer.write(chunks);
client.close();
await new Promise((later) => setTimeout(later, 1_000));
console.log("a timer waited for more than half a second:", longest > 500);
Deno.exit();
