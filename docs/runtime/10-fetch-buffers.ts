/**
 * A connection of `fetch` keeps the buffers it has grown.
 *
 * hyper reads a connection into a buffer that grows with what comes, to 408 KiB and what the
 * growing of a `Vec` adds, and writes from another, into which it copies bodies. Neither shrinks
 * before the connection ends, so a pool holds for each connection what the largest bodies took
 * that ever crossed it: as event streams and large answers share a pool, nearly every stream ends
 * up with large buffers that it has no use for.
 *
 * jemalloc, preloaded, tells where that is: 100 blocks of 448 or 512 KiB more. After a request
 * with 512 KiB of body on each, there are 100 of 640 KiB besides, and all of them are gone as soon
 * as the server ends the connections.
 *
 * Expected: "false".
 *
 * Printed by Deno 2.9.6:
 *
 * ```text
 * every connection keeps more than 200 KiB: true
 * ```
 *
 * Where: hyper 1.6, `src/proto/h1/io.rs`: `ReadStrategy` lowers how much it asks for, but
 * `read_buf.reserve` keeps the block it has while that is large enough. And
 * `WriteStrategy::Flatten` copies bodies behind `WriteBuf::headers`, which is emptied and not
 * shrunk. It is used because `MaybeHttpsStream` of hyper-rustls 0.27.2 does not pass
 * `is_write_vectored` on: `strace` shows head and body in one `sendto`.
 *
 * Suggested fix: hyper-rustls 0.27.5, which passes it on, so that bodies are queued as they are.
 * And in `ext/fetch/lib.rs`, `create_http_client`: `http1_max_buf_size` of `hyper_util`'s builder,
 * as an option of `Deno.createHttpClient` or as 64 KiB for all.
 *
 * What claude-proxy does: Nothing but to say in its README how much memory to reckon with. Idle
 * connections to the upstream end after 90 to 180 s.
 */

const CONNECTIONS = 100;
const MEBIBYTE = 2 ** 20;
const content = new Uint8Array(MEBIBYTE);
const encoder = new TextEncoder();
let length = 0; // Of answers.
let waiting: (() => void)[] = [];

/** Answers requests once there is one on every connection. */
async function serve(connection: Deno.Conn): Promise<void> {
  const writer = connection.writable.getWriter();
  while (await connection.read(new Uint8Array(4096)) !== null) {
    await new Promise<void>((resolve) => {
      if (waiting.push(resolve) < CONNECTIONS) return;
      for (const answer of waiting) answer();
      waiting = [];
    });
    await writer.write(encoder.encode(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`));
    await writer.write(content.subarray(0, length));
  }
}

async function accept(): Promise<void> {
  for await (const connection of listener) void serve(connection);
}

/** MiB outside of V8's heap, once every connection has brought an answer. */
async function afterAnswersOf(bytes: number): Promise<number> {
  length = bytes;
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    const { body } = await fetch(`http://127.0.0.1:${listener.addr.port}/`);
    for await (const _ of body ?? []);
  }));
  const { rss, heapTotal, external } = Deno.memoryUsage();
  return (rss - heapTotal - external) / MEBIBYTE;
}

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
void accept();
for (let round = 0; round < 5; round++) await afterAnswersOf(100);
const before = await afterAnswersOf(100);
await afterAnswersOf(MEBIBYTE);
for (let round = 0; round < 5; round++) await afterAnswersOf(100);
const kept = await afterAnswersOf(100) - before;
console.log("every connection keeps more than 200 KiB:", kept / CONNECTIONS > 200 / 1024);
Deno.exit();
