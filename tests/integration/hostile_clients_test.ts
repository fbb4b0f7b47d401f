import assert from "node:assert/strict";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { RawClient, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

/** Asserts that clients on new connections, which reach every worker, are answered. */
async function assertServes(port: number): Promise<void> {
  for (let client = 0; client < 10; client++) {
    const response = await request({ port, target: "/v1/models", deadlineMs: 5_000 });
    assert.equal(response.status, 200);
  }
}

Deno.test("clients nobody planned for do not keep the proxy from answering others", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const { port } = proxy;

  await t.step("binary junk", async () => {
    using client = await RawClient.connect({ port });
    await client.write(crypto.getRandomValues(new Uint8Array(4096)));
    await assertServes(port);
    await client.readToEnd();
  });

  await t.step("a TLS handshake on a plain port", async () => {
    await assert.rejects(RawClient.connect({ port, tls: true }));
    await assertServes(port);
  });

  await t.step("a head that never ends", async () => {
    using client = await RawClient.connect({ port });
    await client.write("GET / HTTP/1.1\r\nHost: h\r\n");
    const flood = pump(client, "X-Filler: " + "y".repeat(1000) + "\r\n");
    await assertServes(port);
    const answer = new TextDecoder().decode(await client.readToEnd());
    assert.match(answer, /^(HTTP\/1\.1 4\d\d |$)/);
    await flood;
  });

  await t.step("a body that never ends", async () => {
    upstream.handler = async (exchange) => {
      if (exchange.request.method === "GET") return await exchange.respond({ body: "ok" });
      await exchange.peerClosed(60_000);
    };
    const client = await RawClient.connect({ port });
    await client.write("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    const flood = pump(client, `400\r\n${"z".repeat(0x400)}\r\n`);
    await assertServes(port);
    client.close();
    await flood;
    await assertServes(port);
  });

  await t.step("1,000 connections that say nothing", async () => {
    const silent: RawClient[] = [];
    for (let count = 0; count < 1000; count++) silent.push(await RawClient.connect({ port }));
    await assertServes(port);
    silent.forEach((client) => client.close());
    await assertServes(port);
  });
});

/**
 * Writes the same bytes again and again until the other side has had enough or we close. It takes
 * a breath between blocks, as this process is also the upstream and the other clients.
 */
async function pump(client: RawClient, text: string): Promise<void> {
  const block = text.repeat(64);
  try {
    for (;;) {
      await client.write(block, 60_000);
      await new Promise((next) => setTimeout(next, 1));
    }
  } catch {
    return;
  }
}
