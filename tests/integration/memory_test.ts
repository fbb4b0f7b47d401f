import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { CLIENT_KEY, ProxyProcess } from "../kit/process/proxy_process.ts";

const MEGABYTE = 2 ** 20;
const BODY_BYTES = 200 * MEGABYTE;
const ALLOWED_GROWTH = 64 * MEGABYTE;

/** A body of pseudo-random blocks, and the SHA-256 it must arrive with. */
function* blocks(hash: ReturnType<typeof createHash>): Generator<Uint8Array<ArrayBuffer>> {
  const block = crypto.getRandomValues(new Uint8Array(65_536));
  for (let sent = 0; sent < BODY_BYTES; sent += block.length) {
    new DataView(block.buffer).setUint32(0, sent);
    hash.update(block);
    yield block.slice();
  }
}

async function digestOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of body) hash.update(chunk);
  return hash.digest("hex");
}

Deno.test({
  name: "200 MB up and 200 MB down arrive whole and leave memory within 64 MB of idle",
  ignore: Deno.build.os !== "linux", // resident memory is read from /proc
  fn: async () => {
    const sent = createHash("sha256");
    const server = createServer(async (incoming, outgoing) => {
      if (incoming.method === "PUT") {
        outgoing.end(await digestOf(incoming));
        return;
      }
      outgoing.writeHead(200, { "content-length": BODY_BYTES });
      await pipeline(blocks(sent), outgoing);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    const upstreamUrl = `http://127.0.0.1:${address.port}`;
    await using proxy = await ProxyProcess.start({ upstreamUrl });
    const headers = { "x-api-key": CLIENT_KEY };
    await (await fetch(`${proxy.url}/healthz`)).text();
    const idle = proxy.rssBytes();

    const uploaded = createHash("sha256");
    assert.equal(await upload(proxy.url, headers, uploaded), uploaded.digest("hex"));
    await assertReturnsTo(idle, proxy, "after the upload");

    const download = await fetch(proxy.url, { headers });
    assert.ok(download.body);
    assert.equal(await digestOf(download.body), sent.digest("hex"));
    await assertReturnsTo(idle, proxy, "after the download");
    server.close();
    server.closeAllConnections();
  },
});

/**
 * Sends the body with a content-length, as SDKs and curl do. Deno's `fetch` itself holds back much of
 * a chunked one, see the README's known limits.
 */
async function upload(
  url: string,
  headers: Record<string, string>,
  hash: ReturnType<typeof createHash>,
): Promise<string> {
  const outgoing = request(url, {
    method: "PUT",
    headers: { ...headers, "content-length": BODY_BYTES },
  });
  const answered = once(outgoing, "response");
  await pipeline(blocks(hash), outgoing);
  const [incoming] = await answered as [IncomingMessage];
  return await text(incoming);
}

/** Freed memory goes back to the system when V8 and the allocator get round to it. */
async function assertReturnsTo(idle: number, proxy: ProxyProcess, when: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  let grown = proxy.rssBytes() - idle;
  while (grown >= ALLOWED_GROWTH && performance.now() < deadline) {
    await new Promise((later) => setTimeout(later, 100));
    grown = proxy.rssBytes() - idle;
  }
  const mebibytes = (bytes: number) => `${Math.round(bytes / MEGABYTE)} MiB`;
  console.log(
    `resident memory ${when}: ${mebibytes(idle)} when idle, now ${mebibytes(grown)} more`,
  );
  assert.ok(grown < ALLOWED_GROWTH, `grew by ${mebibytes(grown)} ${when}`);
}
