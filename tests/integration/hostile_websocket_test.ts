import assert from "node:assert/strict";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { RawClient, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

/** Of 12 KB each: were they kept, they would fill the heap twice. */
const HANDSHAKES = 4_000;
const CLIENTS = 4;
const HEAP_MEGABYTES = 24;

const HANDSHAKE = "GET /v1/realtime HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n" +
  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nX-Filler: " + "z".repeat(12_000) + "\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

Deno.test("WebSocket handshakes that the upstream refuses leave nothing in memory", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--workers", "1"],
    v8Flags: `--max-old-space-size=${HEAP_MEGABYTES}`,
  });
  const shakeHands = async () => {
    for (let count = 0; count < HANDSHAKES / CLIENTS; count++) {
      using client = await RawClient.connect({ port: proxy.port });
      await client.write(HANDSHAKE);
      assert.equal((await client.readResponse()).status, 200);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, shakeHands));
  assert.equal((await request({ port: proxy.port })).status, 200);
  assert.ok(!proxy.stdout.some((line) => line.includes("worker died")));
});
