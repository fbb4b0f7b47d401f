/**
 * A connection of `Deno.serve` keeps 64 KiB once a request body was read.
 *
 * A request body is read through a buffer of its connection that grows to what the reader asks
 * for, and readers ask for 64 KiB: the streams of bodies do, and so does `fetch` when it sends one
 * on. The buffer stays until the connection ends. So each event stream that answers a POST of 2 kB
 * holds 64 KiB for as long as it runs, which is half of all the memory that relaying it takes.
 * Bodies of 100 bytes fit the first read of a connection, 1 KiB, and do not need the buffer: with
 * bodies of 200 in place of 2000, 21 KiB are kept instead of 88.
 *
 * Expected: "false".
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * every connection keeps more than 48 KiB: true
 * ```
 *
 * Where: `ext/http/http_next.rs`, `RawH1RequestBodyRead` and `RawH1RequestBodyReadByob`: both call
 * `SharedScratch::ensure_read_capacity` with the reader's limit, which fills the buffer with zeros
 * and so takes all of its pages. `poll_finish_response_with` in `conn.rs` shrinks `write_buf` so
 * that "idle connections don't retain a large allocation", and leaves `read_buf`.
 *
 * Suggested fix: Read into the caller's buffer, or ask for no more than is left of
 * `content-length`; and shrink `read_buf` when the body has ended, not only when the response has,
 * for a response may take minutes.
 *
 * What claude-proxy does: Nothing but to say in its README how much memory to reckon with.
 */

const CONNECTIONS = 200;
const encoder = new TextEncoder();

const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
const upstream = Deno.serve(options, async (request) => {
  await request.text();
  return new Response();
});
const server = Deno.serve(
  options,
  ({ body }) => fetch(`http://127.0.0.1:${upstream.addr.port}/`, { method: "POST", body }),
);

const clients = await Promise.all(Array.from(
  { length: CONNECTIONS },
  () => Deno.connect({ hostname: "127.0.0.1", port: server.addr.port }),
));

/** KiB a connection outside of V8's heap, once each has brought a request with such a body. */
async function afterBodiesOf(bytes: number): Promise<number> {
  const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n`;
  for (const client of clients) {
    await client.write(encoder.encode(head + "x".repeat(bytes)));
    await client.read(new Uint8Array(4096));
  }
  const { rss, heapTotal, external } = Deno.memoryUsage();
  return (rss - heapTotal - external) / 1024 / CONNECTIONS;
}

for (let round = 0; round < 5; round++) await afterBodiesOf(100);
const before = await afterBodiesOf(100);
await afterBodiesOf(2000);
for (let round = 0; round < 5; round++) await afterBodiesOf(100);
const kept = await afterBodiesOf(100) - before;
console.log("every connection keeps more than 48 KiB:", kept > 48);
Deno.exit();
