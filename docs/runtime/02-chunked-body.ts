/**
 * A chunked request body is buffered without bound, and read in quadratic time.
 *
 * Reading a chunked request body in `Deno.serve` becomes slower with every byte, the more so the
 * smaller the chunks are, and what the handler has not read yet piles up in memory: a fast client
 * is not held back. 64 MiB on two busy cores took 0.1 s with a content-length, 2 to 10 s in chunks
 * of 512 bytes, and, handed on by `fetch(upstream, { body: request.body })`, 33 s in chunks of 4
 * KiB. `fetch` alone, sending 64 MiB in chunks of its own, took 0.1 to 0.5 s: it is the reading
 * side.
 *
 * Expected: "false", about the same time in chunks as with a content-length.
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * chunked takes more than five times as long: true
 * ```
 *
 * Where: `ext/http/http_next.rs`, `RawH1RequestBodyRead::poll` and
 * `RawH1RequestBodyReadByob::poll`: each calls `poll_peer_closed` first, which reads from the
 * socket whatever there is, up to 64 KiB, and appends it to `SharedConn::buffered`, however much
 * is in there already. The read itself then takes one piece of one chunk from the front
 * (`poll_read_body_chunk_limited_with` in `libs/http_h1/conn.rs`), with
 * `buffered.drain(..consumed)`, which moves all the rest. In goes more than comes out; with chunks
 * of 64 KiB, whose frames fall across the reads, half remains. A body with a content-length is
 * handed out whole at each read, so nothing piles up.
 *
 * Suggested fix: Poll for the peer's end only while `buffered` holds no complete piece, which is
 * when the read would have to wait anyway; and consume by an offset (`bytes::BytesMut::advance`)
 * rather than by moving.
 *
 * What claude-proxy does: It reads such bodies with a buffer that holds one chunk, so that no more
 * comes in than goes out, and tells by the time its reads take when a body piles up all the same,
 * which it then gives up: `src/proxy/piece_reader.ts`, guarded by
 * `tests/integration/hostile_uploads_test.ts`.
 */

const MEBIBYTE = 2 ** 20;

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
  let length = 0;
  for await (const chunk of request.body ?? []) length += chunk.length;
  return new Response(String(length));
});

/** Sends a body in chunks of 512 bytes, or with a content-length, and returns the milliseconds. */
async function upload(mebibytes: number, chunked: boolean): Promise<number> {
  const encoder = new TextEncoder();
  const client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  const writer = client.writable.getWriter();
  const framing = chunked
    ? "Transfer-Encoding: chunked"
    : `Content-Length: ${mebibytes * MEBIBYTE}`;
  const piece = "x".repeat(512);
  const block = encoder.encode((chunked ? `200\r\n${piece}\r\n` : piece).repeat(128));
  const started = performance.now();
  await writer.write(encoder.encode(`POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`));
  for (let sent = 0; sent < mebibytes * MEBIBYTE; sent += 65_536) await writer.write(block);
  if (chunked) await writer.write(encoder.encode("0\r\n\r\n"));
  await client.readable.getReader().read();
  client.close();
  return performance.now() - started;
}

const withLength = await upload(16, false);
const chunked = await upload(16, true);
console.log("chunked takes more than five times as long:", chunked > 5 * withLength);
Deno.exit();
