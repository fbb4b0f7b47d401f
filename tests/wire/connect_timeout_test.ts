/**
 * What a connection to the upstream may cost that is never there. `fetch` has no limit of its own for
 * it and gives up with the kernel, after more than two minutes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { headerValues } from "../kit/http1/message_head.ts";
import { openBlackHole } from "../kit/servers/black_hole.ts";

/** Seconds. */
const LIMIT = 1;
const ARGS = ["--workers", "1", "--upstream-connect-timeout", `${LIMIT}`];

const post = (proxy: ProxyProcess, target = "/v1/messages") =>
  request({
    port: proxy.port,
    method: "POST",
    target,
    headers: [["Host", "localhost"], ["Content-Length", "2"]],
    body: "{}",
    deadlineMs: 60_000,
  });

async function assertNoConnection(answer: ReturnType<typeof post>, said: RegExp): Promise<void> {
  const { status, headers, bytes } = await answer;
  assert.equal(status, 502);
  assert.deepEqual(headerValues(headers, "x-claude-proxy-error"), ["upstream_unreachable"]);
  assert.match(new TextDecoder().decode(bytes), said);
}

Deno.test("65 a connection that is never there is a 502 after twice upstream_connect_timeout", async () => {
  using hole = await openBlackHole();
  await using proxy = await ProxyProcess.start({ upstreamUrl: hole.url, args: ARGS });
  const started = performance.now();
  await assertNoConnection(post(proxy), /No connection to the upstream can be made/);
  const took = performance.now() - started;
  assert.ok(took >= 2_000 * LIMIT, `after ${took} ms`);
  await proxy.waitForLine(/status=502 .*detail="no connection within upstream_connect_timeout"/);
});

Deno.test("65 an upstream that is gone while it thinks is a 502 for all who wait, and gets nothing twice", async () => {
  await using upstream = RawUpstream.start(async (exchange) =>
    void await exchange.peerClosed(60_000)
  );
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, args: ARGS });
  const many = Array.from({ length: 20 }, (_, index) => post(proxy, `/${index}`));
  for (const _ of many) await (await upstream.nextRequest()).whenBodyEnded();
  await upstream.stopListening();
  for (const answer of many) {
    await assertNoConnection(answer, /connection to the upstream was refused/);
  }
  await proxy.waitForLine(/status=502 .*detail="no connection: .*Connection refused/);
  assert.equal(upstream.requests.length, many.length);
  await upstream.allConnectionsClosed();
});

Deno.test("70 an upstream that thinks for long is waited for, and sees one connection without a request", async () => {
  const thought = Promise.withResolvers<void>();
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    await thought.promise;
    await exchange.respond({ body: "thought" });
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, args: ARGS });
  const many = Array.from({ length: 50 }, (_, index) => post(proxy, `/${index}`));
  for (const _ of many) await upstream.nextRequest();
  assert.equal(await upstream.connectionClosed(many.length + 1), "fin");
  setTimeout(thought.resolve, 2_000 * LIMIT);
  for (const { status, bytes } of await Promise.all(many)) {
    assert.equal(status, 200);
    assert.equal(new TextDecoder().decode(bytes), "thought");
  }
  assert.equal(upstream.requests.length, many.length);
  assert.equal(upstream.connectionCount, many.length + 1);
});

Deno.test("67 70 a TLS handshake that hangs is a 504: a connection can be made", async () => {
  using silent = silentServer();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: `https://localhost:${silent.port}`,
    args: [...ARGS, "--upstream-header-timeout", `${3 * LIMIT}`],
  });
  const { status, headers } = await post(proxy);
  assert.equal(status, 504);
  assert.deepEqual(headerValues(headers, "x-claude-proxy-error"), ["upstream_timeout"]);
});

/** Asks for a WebSocket, and returns how long it took to be refused with 502. */
async function refusedWebSocket(upstreamUrl: string): Promise<number> {
  await using proxy = await ProxyProcess.start({ upstreamUrl, args: ARGS });
  const started = performance.now();
  const { status, headers } = await request({
    port: proxy.port,
    headers: [
      ["Host", "localhost"],
      ["Connection", "Upgrade"],
      ["Upgrade", "websocket"],
      ["Sec-WebSocket-Version", "13"],
      ["Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEA=="],
    ],
  });
  assert.equal(status, 502);
  assert.deepEqual(headerValues(headers, "x-claude-proxy-error"), ["upstream_unreachable"]);
  await proxy.waitForLine(/detail="no connection within upstream_connect_timeout"/);
  return performance.now() - started;
}

Deno.test("65 82 a WebSocket's connection that is never there is a 502 after upstream_connect_timeout", async () => {
  using hole = await openBlackHole();
  assert.ok(await refusedWebSocket(hole.url) >= 1_000 * LIMIT);
});

Deno.test("67 82 a WebSocket's TLS handshake that hangs is a 502 after upstream_connect_timeout", async () => {
  using silent = silentServer();
  assert.ok(await refusedWebSocket(`https://localhost:${silent.port}`) >= 1_000 * LIMIT);
});

/** Takes connections, and says nothing. */
function silentServer(): Disposable & { port: number } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return {
    port: listener.addr.port,
    [Symbol.dispose]: () => listener.close(),
  };
}
