import assert from "node:assert/strict";
import { Http2Client, type Http2Stream } from "../kit/http2/http2_client.ts";
import { ERROR_CODE } from "../kit/http2/http2_frames.ts";
import { HttpsProxy } from "../kit/servers/https_proxy.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

const MEGABYTE = 2 ** 20;

function connect(proxy: HttpsProxy): Promise<Http2Client> {
  return Http2Client.connect({ port: proxy.port, tls: { caCerts: [proxy.authority.root] } });
}

const text = async (stream: Http2Stream) => new TextDecoder().decode(await stream.readAll(30_000));

/** A signal reaches the worker a while after the supervisor. */
async function untilNotReady(client: Http2Client): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (await (await client.request({ path: "/readyz" })).status() !== 503) {
    assert.ok(performance.now() < deadline, "still ready");
  }
}

Deno.test("83 150 streams run at once on one HTTP/2 connection", async () => {
  const count = 150;
  const all = Promise.withResolvers<void>();
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    await exchange.writeChunk(`begun ${exchange.request.target}`);
    await all.promise;
    await exchange.writeChunk(", ended");
    await exchange.writeChunk();
  });
  await using proxy = await HttpsProxy.start(upstream.url);
  using client = await connect(proxy);
  const paths = Array.from({ length: count }, (_, index) => `/${index}`);
  const streams = await Promise.all(paths.map((path) => client.request({ path })));
  for (const [index, stream] of streams.entries()) {
    assert.equal(new TextDecoder().decode(await stream.readSome() ?? undefined), `begun /${index}`);
  }
  all.resolve();
  assert.deepEqual(await Promise.all(streams.map(text)), paths.map(() => ", ended"));
});

Deno.test("83 a cancelled HTTP/2 stream leaves the others of its connection alone", async () => {
  const finish = Promise.withResolvers<void>();
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    await exchange.writeChunk("begun");
    if (exchange.request.target === "/cancelled") return void await exchange.peerClosed();
    await finish.promise;
    await exchange.writeChunk(", ended");
    await exchange.writeChunk();
  });
  await using proxy = await HttpsProxy.start(upstream.url);
  using client = await connect(proxy);
  const kept = await client.request({ path: "/kept" });
  await kept.readSome();
  await upstream.nextRequest();
  const cancelled = await client.request({ path: "/cancelled" });
  await cancelled.readSome();
  const { connectionId } = await upstream.nextRequest();
  await cancelled.cancel();
  await upstream.connectionClosed(connectionId);
  finish.resolve();
  assert.equal(await text(kept), ", ended");
});

Deno.test("83 an HTTP/2 stream that is not read holds no other back", async () => {
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.respond({ headers: [["Content-Length", String(8 * MEGABYTE)]] });
    await exchange.write(new Uint8Array(8 * MEGABYTE), Infinity);
  });
  await using proxy = await HttpsProxy.start(upstream.url);
  using client = await connect(proxy);
  const stalled = await client.request();
  assert.equal(await stalled.status(), 200);
  const other = await client.request();
  assert.equal((await other.readAll(30_000)).length, 8 * MEGABYTE);
  assert.ok(stalled.receivedBytes <= MEGABYTE, "more than its window was sent on a stream");
  assert.equal((await stalled.readAll(30_000)).length, 8 * MEGABYTE);
});

Deno.test("80 83 a refused HTTP/2 upload is answered, and the connection serves on", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await HttpsProxy.start(upstream.url, ["--max-request-body", "1000"]);
  using client = await connect(proxy);
  const body = new Uint8Array(4 * MEGABYTE);
  const length: [string, string] = ["content-length", String(body.length)];
  const refusals: [status: number, path: string, headers: [string, string][]][] = [
    [401, "/", [["x-api-key", "wrong"], length]],
    [413, "/", [length]],
    [400, "/a/../b", [length]],
  ];
  for (const [status, path, headers] of refusals) {
    const refused = await client.request({ method: "POST", path, headers, open: true });
    const sent = refused.send(body, true).catch((error) => {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    });
    assert.equal(await refused.status(), status);
    assert.match(await text(refused), /"error"/);
    await sent;
    assert.equal(await (await client.request()).status(), 200);
  }
  assert.ok(upstream.requests.every(({ method }) => method === "GET"));
});

Deno.test("83 an HTTP/2 header list of 15 kB crosses, one of 17 kB is a 431, and the connection serves on", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await HttpsProxy.start(upstream.url);
  using client = await connect(proxy);
  const padded = (bytes: number) => client.request({ headers: [["x-pad", "p".repeat(bytes)]] });
  assert.equal(await (await padded(15_000)).status(), 200);
  assert.deepEqual(upstream.requests[0]?.values("x-pad"), ["p".repeat(15_000)]);
  assert.equal(await (await padded(17_000)).status(), 431);
  assert.equal(await (await client.request()).status(), 200);
  assert.equal(upstream.requests.length, 2);
});

Deno.test("83 84 at SIGTERM an HTTP/2 stream runs to its end, a new one gets 503, then comes GOAWAY", async () => {
  const finish = Promise.withResolvers<void>();
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    await exchange.writeChunk("begun");
    await finish.promise;
    await exchange.writeChunk(", ended");
    await exchange.writeChunk();
  });
  await using proxy = await HttpsProxy.start(upstream.url, ["--workers", "1"]);
  using client = await connect(proxy);
  const running = await client.request();
  await running.readSome();
  proxy.process.signal("SIGTERM");
  await untilNotReady(client);
  const late = await client.request();
  assert.equal(await late.status(), 503);
  assert.deepEqual(client.goaways, []);
  finish.resolve();
  assert.equal(await text(running), ", ended");
  await client.closed();
  const lastGoaway = { lastStreamId: late.id, code: ERROR_CODE.noError };
  assert.deepEqual(client.goaways.at(-1), lastGoaway);
  assert.equal(await proxy.process.exit(), 0);
});

Deno.test("78 83 no POST that came over HTTP/2 is sent upstream twice", async () => {
  const used = new Set<number>();
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    if (used.has(exchange.connectionId)) return exchange.close();
    used.add(exchange.connectionId);
    await exchange.respond();
  });
  await using proxy = await HttpsProxy.start(upstream.url, ["--workers", "1"]);
  using client = await connect(proxy);
  const statuses = new Set<number>();
  for (const size of [0, 5, 20_000]) {
    for (const announced of [true, false]) {
      const headers: [string, string][] = announced ? [["content-length", String(size)]] : [];
      for (let round = 0; round < 10; round++) {
        const path = `/${size}/${announced}/${round}`;
        const body = "x".repeat(size);
        const stream = await client.request({ method: "POST", path, headers, body });
        statuses.add(await stream.status());
      }
    }
  }
  const targets = upstream.requests.map(({ target }) => target);
  assert.equal(targets.length, 60);
  assert.equal(new Set(targets).size, 60, "a POST was sent twice");
  assert.deepEqual(statuses, new Set([200, 502]));
});
