import assert from "node:assert/strict";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { RawClient, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { headerValues } from "../kit/http1/message_head.ts";

const GET = "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n";

/** An upstream that begins a stream and ends it when told. */
function slowUpstream(): { upstream: RawUpstream; finish: () => void } {
  const finished = Promise.withResolvers<void>();
  const upstream = RawUpstream.start(async (exchange) => {
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    await exchange.writeChunk("begun");
    await finished.promise;
    await exchange.writeChunk("finished");
    await exchange.writeChunk();
  });
  return { upstream, finish: finished.resolve };
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`84 on ${signal} readiness fails, new requests get 503, the running stream ends`, async () => {
    const { upstream, finish } = slowUpstream();
    await using _ = upstream;
    await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
    assert.equal((await request({ port: proxy.port, target: "/readyz" })).status, 200);
    using client = await RawClient.connect({ port: proxy.port });
    await client.write(GET);
    const body = client.bodyOf(await client.readHead());
    await body.readSome();

    proxy.signal(signal);
    await proxy.waitForLine(/draining/);
    await untilNotReady(proxy.port);
    assert.equal((await request({ port: proxy.port, target: "/healthz" })).status, 200);
    const refused = await request({ port: proxy.port, target: "/v1/models" });
    assert.equal(refused.status, 503);
    assert.deepEqual(headerValues(refused.headers, "x-claude-proxy-error"), ["shutting_down"]);
    assert.deepEqual(headerValues(refused.headers, "connection"), ["close"]);

    finish();
    assert.equal(new TextDecoder().decode((await body.readAll()).bytes), "begunfinished");
    assert.equal(await proxy.exit(), 0);
  });
}

Deno.test("84 a stream that outlives shutdown_timeout is cut, and the exit code is 0", async () => {
  const { upstream, finish } = slowUpstream();
  await using _ = upstream;
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--shutdown-timeout", "1"],
  });
  using client = await RawClient.connect({ port: proxy.port });
  await client.write(GET);
  const body = client.bodyOf(await client.readHead());
  proxy.signal("SIGTERM");
  assert.equal((await body.readAll()).ended, "cut");
  assert.equal(await proxy.exit(), 0);
  finish();
});

Deno.test("84 a second signal ends the program at once", async () => {
  const { upstream, finish } = slowUpstream();
  await using _ = upstream;
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  using client = await RawClient.connect({ port: proxy.port });
  await client.write(GET);
  await client.readHead();
  proxy.signal("SIGTERM");
  await proxy.waitForLine(/draining/);
  proxy.signal("SIGINT");
  assert.equal(await proxy.exit(), 130);
  finish();
});

Deno.test("84 an idle proxy with open connections ends at once", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  using silent = await RawClient.connect({ port: proxy.port });
  using idle = await RawClient.connect({ port: proxy.port });
  await idle.write(GET);
  await idle.readResponse();
  proxy.signal("SIGTERM");
  assert.equal(await proxy.exit(), 0);
  await silent.expectEnd();
});

/** Signals reach the workers one after the other: asks until all have stopped saying "ready". */
async function untilNotReady(port: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (let refusals = 0; refusals < 20;) {
    assert.ok(performance.now() < deadline, "still ready");
    const { status } = await request({ port, target: "/readyz" });
    refusals = status === 503 ? refusals + 1 : 0;
  }
}
