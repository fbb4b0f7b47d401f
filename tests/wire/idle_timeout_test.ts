/**
 * `upstream_idle_timeout`: an answer whose body falls silent is cut off. Its body is read in
 * JavaScript then, so what the other tests show of a piped one is shown here of this one: pieces at
 * once, the client's pace, its leaving, and an end that is told from a cut.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Exchange } from "../kit/http1/exchange.ts";
import type { HeaderList } from "../kit/http1/message_head.ts";
import { RawClient, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { adminUrl, untilMetric } from "../kit/process/admin.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { TRANSPORTS } from "./transports.ts";

/** Seconds; what is not to be cut off stays silent for twice as long. */
const LIMIT = 1;
const after = (seconds: number) => new Promise<void>((over) => setTimeout(over, 1_000 * seconds));
const ARGS = ["--workers", "1", "--upstream-idle-timeout", `${LIMIT}`];

/** How an answer says where its body ends. */
const FRAMINGS: Record<string, { headers: HeaderList; piece: (text: string) => string }> = {
  "chunked": {
    headers: [["Transfer-Encoding", "chunked"]],
    piece: (text) => `${text.length.toString(16)}\r\n${text}\r\n`,
  },
  "with a content-length": { headers: [["Content-Length", "8"]], piece: (text) => text },
};

async function begin(exchange: Exchange, framing: string): Promise<void> {
  const { headers = [], piece = String } = FRAMINGS[framing] ?? {};
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  await exchange.readBody();
  await exchange.write(`HTTP/1.1 200 OK\r\n${lines}\r\n${piece("half")}`);
}

for (const transport of TRANSPORTS) {
  for (const framing of Object.keys(FRAMINGS)) {
    Deno.test(`54 a body that falls silent is cut off, ${framing}, ${transport.name}`, async () => {
      await using upstream = RawUpstream.start(async (exchange) => {
        await begin(exchange, framing);
        await exchange.peerClosed();
      });
      await using proxy = await transport.start(upstream.url, ARGS);
      using caller = await proxy.connect();
      const answer = await caller.call({ method: "POST", path: "/v1/messages", body: "{}" });
      assert.equal(await answer.status(), 200);
      const begun = performance.now();
      assert.deepEqual(await answer.readToEnd(), { text: "half", isCut: true });
      assert.ok(performance.now() - begun >= 500 * LIMIT, "cut off too early");
      await upstream.connectionClosed(1);
      const line =
        /level=warn .*status=200 .*aborted=upstream .*detail="no byte of the body within/;
      await proxy.process.waitForLine(line);
      assert.deepEqual(proxy.process.stderr, []);
    });
  }
}

Deno.test("57 61 a body whose every silence is shorter arrives whole, and each piece at once", async () => {
  const turns = Array.from({ length: 8 }, () => Promise.withResolvers<void>());
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    for (const [index, turn] of turns.entries()) {
      await exchange.writeChunk(`${index}`);
      await turn.promise;
    }
    await exchange.writeChunk();
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, args: ARGS });
  using client = await RawClient.connect({ port: proxy.port });
  await client.write("GET /v1/messages HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const body = client.bodyOf(await client.readHead());
  for (const [index, turn] of turns.entries()) {
    const arrival = await body.readSome();
    assert.equal(new TextDecoder().decode(arrival?.bytes), `${index}`);
    await after(LIMIT / 5); // All of them together are longer than the limit.
    turn.resolve();
  }
  assert.equal((await body.readAll()).ended, "complete");
  await proxy.waitForLine(/status=200 /);
  assert.ok(
    !proxy.stdout.some((line) => line.includes("aborted=")),
    "a whole body is logged as cut",
  );
});

Deno.test("60 a client that takes nothing for longer holds the upstream back, and is not cut off", async () => {
  const size = 64 * 2 ** 20;
  let written = 0;
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    const piece = new Uint8Array(2 ** 20);
    for (; written < size; written += piece.length) await exchange.writeChunk(piece, 60_000);
    await exchange.writeChunk();
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, args: ARGS });
  using client = await RawClient.connect({ port: proxy.port });
  await client.write("GET /v1/messages HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const body = client.bodyOf(await client.readHead());
  await body.readSome();
  await after(2 * LIMIT);
  assert.ok(written < size, "the upstream was not held back");
  const { bytes, ended } = await body.readAll(60_000);
  assert.equal(ended, "complete");
  assert.ok(bytes.length > size - 2 ** 20);
});

for (const transport of TRANSPORTS) {
  Deno.test(`73 a client that leaves a body is gone upstream too, and it is not the upstream's doing, ${transport.name}`, async () => {
    await using upstream = RawUpstream.start(async (exchange) => {
      await begin(exchange, "chunked");
      await exchange.peerClosed();
    });
    await using proxy = await transport.start(upstream.url, [
      "--workers",
      "1",
      "--upstream-idle-timeout",
      "60",
    ]);
    using caller = await proxy.connect();
    const answer = await caller.call({ method: "POST", path: "/v1/messages", body: "{}" });
    await answer.readSome();
    await answer.leave();
    await upstream.connectionClosed(1);
    await proxy.process.waitForLine(/path=\/v1\/messages .*aborted=client/);
  });
}

for (const end of ["close", "reset"] as const) {
  Deno.test(`69 a body that the upstream breaks off is cut, and the log tells, by ${end}`, async () => {
    const delivered = Promise.withResolvers<void>();
    await using upstream = RawUpstream.start(async (exchange) => {
      await begin(exchange, "chunked");
      await delivered.promise;
      exchange[end]();
    });
    await using proxy = await ProxyProcess.start({
      upstreamUrl: upstream.url,
      args: ["--workers", "1", "--upstream-idle-timeout", "60", "--admin-port", "0"],
    });
    using client = await RawClient.connect({ port: proxy.port });
    await client.write("GET /v1/messages HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const body = client.bodyOf(await client.readHead());
    await body.readSome();
    delivered.resolve();
    assert.equal((await body.readAll()).ended, "cut");
    await proxy.waitForLine(/status=200 .*aborted=upstream .*detail="broke off: /);
    await untilMetric(
      await adminUrl(proxy),
      "claude_proxy_upstream_aborts_total",
      (values) => values.get("") === 1,
    );
  });
}

Deno.test("48 49 answers without a body are as they are without the limit", async () => {
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    const status = Number(exchange.request.target.slice(1));
    await exchange.respond({ status, headers: status === 200 ? [["Content-Length", "5"]] : [] });
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, args: ARGS });
  for (const [method, status] of [["HEAD", 200], ["GET", 204], ["GET", 304]] as const) {
    const answer = await request({ port: proxy.port, method, target: `/${status}` });
    assert.equal(answer.status, status);
    assert.equal(answer.bytes.length, 0);
  }
});

Deno.test("61 70 the wait for the headers is no silence of a body", async () => {
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    await after(2 * LIMIT);
    await exchange.respond({ body: "late" });
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, args: ARGS });
  const { status, bytes } = await request({ port: proxy.port });
  assert.equal(status, 200);
  assert.equal(new TextDecoder().decode(bytes), "late");
});
