import assert from "node:assert/strict";
import type { Bytes } from "../kit/http1/bytes.ts";
import { Http2Client } from "../kit/http2/http2_client.ts";
import { formatRequest, RawClient } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { type Answer, HTTP1_TRANSPORTS, type ServedProxy, TRANSPORTS } from "./transports.ts";

const MEGABYTE = 2 ** 20;
const BODY_BYTES = 128 * MEGABYTE;
/** What the kernel's buffers of three hops take, and the runtime's: far below the body. */
const HELD_BYTES = 32 * MEGABYTE;
/** Longer than any timeout of the runtime, a pool or a library that counts in seconds would be. */
const SILENCE = 22_000;

for (const transport of TRANSPORTS) {
  Deno.test(`60 a client that stops reading holds the upstream back, in little memory, ${transport.name}`, async () => {
    let accepted = 0;
    await using upstream = RawUpstream.start(async (exchange) => {
      await exchange.respond({ headers: [["Content-Length", String(BODY_BYTES)]] });
      const block = new Uint8Array(MEGABYTE);
      for (let sent = 0; sent < BODY_BYTES; sent += block.length) {
        block.fill(sent / MEGABYTE);
        await exchange.write(block, Infinity);
        accepted = sent + block.length;
      }
    });
    await using proxy = await transport.start(upstream.url);
    using caller = await proxy.connect();
    const idle = proxy.process.rssBytes();
    const answer = await caller.call({});
    assert.equal(await answer.status(), 200);
    const held = await settled(() => accepted);
    assert.ok(held < HELD_BYTES, `the upstream could send ${held} bytes`);
    const grown = proxy.process.rssBytes() - idle;
    assert.ok(grown < 2 * HELD_BYTES, `memory grew by ${grown} bytes`);
    assert.equal(await readPattern(answer), BODY_BYTES);
  });

  Deno.test(`60 an upstream that stops reading holds the client back, in little memory, ${transport.name}`, async () => {
    const go = Promise.withResolvers<void>();
    await using upstream = RawUpstream.start(async (exchange) => {
      await go.promise;
      const { bytes } = await exchange.readBody(60_000);
      await exchange.respond({ body: String(bytes.length) });
    });
    await using proxy = await transport.start(upstream.url);
    using caller = await proxy.connect();
    const idle = proxy.process.rssBytes();
    const called = caller.call({ method: "POST", body: new Uint8Array(BODY_BYTES) });
    await upstream.nextRequest();
    const grown = await settled(() => Math.max(0, proxy.process.rssBytes() - idle), MEGABYTE);
    assert.ok(grown < 2 * HELD_BYTES, `memory grew by ${grown} bytes`);
    go.resolve();
    const answer = await called;
    assert.equal(
      new TextDecoder().decode(await answer.readSome(60_000) ?? undefined),
      `${BODY_BYTES}`,
    );
  });
}

/**
 * Nothing in the chain has a timer for silence: `Deno.serve` has no timeouts at all; `fetch` has one
 * for connections that lie idle in its pool, which ones in use do not; of ours,
 * `upstream_header_timeout` ends with the headers, and is set far below the silence here. So how long
 * it lasts makes no difference, and 22 seconds stand for the minutes of a model that thinks.
 */
Deno.test("61 22 seconds of silence survive: in a response, in an upload, between requests", async () => {
  const upstreamOf = () =>
    RawUpstream.start(async (exchange) => {
      if (exchange.request.method === "POST") {
        const { bytes } = await exchange.readBody(60_000);
        return await exchange.respond({ body: bytes });
      }
      await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
      await exchange.writeChunk("before ");
      await new Promise((later) => setTimeout(later, SILENCE));
      await exchange.writeChunk("after");
      await exchange.writeChunk();
    });
  await Promise.all(TRANSPORTS.map(async (transport) => {
    await using upstream = upstreamOf();
    await using patient = await transport.start(upstream.url);
    await using strict = await transport.start(upstream.url, ["--upstream-header-timeout", "1"]);
    await Promise.all([silentUpload(patient), silentResponse(strict)]);
  }));
});

async function silentUpload(proxy: ServedProxy): Promise<void> {
  using caller = await proxy.connect();
  const silence = new Promise((later) => setTimeout(later, SILENCE));
  const answer = await caller.call({ method: "POST", body: "late", split: () => silence });
  assert.equal(await text(answer), "late");
}

/** Two on one connection, so that the second begins after as long a silence on an idle one. */
async function silentResponse(proxy: ServedProxy): Promise<void> {
  using idle = await proxy.connect();
  using caller = await proxy.connect();
  assert.equal(await text(await caller.call({})), "before after");
  assert.equal(await text(await idle.call({ method: "POST", body: "awake" })), "awake");
}

for (const framing of ["content-length", "chunked", "HTTP/2"] as const) {
  Deno.test(`62 an upload of one byte at a time reaches the upstream byte by byte, ${framing}`, async () => {
    const turns = Array.from({ length: 30 }, () => Promise.withResolvers<void>());
    const received = Promise.withResolvers<void>();
    await using upstream = RawUpstream.start(async (exchange) => {
      for (const [index, turn] of turns.entries()) {
        const piece = await exchange.readBodySome();
        assert.equal(new TextDecoder().decode(piece?.bytes), String(index % 10));
        turn.resolve();
      }
      await exchange.readBody();
      await exchange.respond({ body: exchange.request.bodyText });
      received.resolve();
    });
    const http2 = framing === "HTTP/2";
    await using proxy = await TRANSPORTS[http2 ? 2 : 0]!.start(upstream.url);
    const send = await byteSender(proxy, framing, turns.length);
    for (const [index, turn] of turns.entries()) {
      await send(String(index % 10), index === turns.length - 1);
      await turn.promise;
    }
    await received.promise;
    assert.equal(upstream.requests[0]?.bodyText, "0123456789".repeat(3));
    assert.equal(upstream.requests[0]?.chunked, framing !== "content-length");
  });
}

/** A FIN alone does not say whether its sender still reads; here, as for nginx, it does not. */
for (const transport of HTTP1_TRANSPORTS) {
  Deno.test(`64 a client that closes its sending side has left, ${transport.name}`, async () => {
    await using upstream = RawUpstream.start(async (exchange) => {
      await exchange.peerClosed(60_000);
    });
    await using proxy = await transport.start(upstream.url);
    using client = await RawClient.connect(proxy.target);
    await client.write(formatRequest({}));
    const { connectionId } = await upstream.nextRequest();
    await client.closeWrite();
    await upstream.connectionClosed(connectionId);
    await client.expectEnd();
    await proxy.process.waitForLine(/status=499 .*aborted=client/);
  });

  Deno.test(`64 a client that closes its sending side mid-stream has left, ${transport.name}`, async () => {
    await using upstream = RawUpstream.start(async (exchange) => {
      await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
      await exchange.writeChunk("begun");
      await exchange.peerClosed(60_000);
    });
    await using proxy = await transport.start(upstream.url);
    using client = await RawClient.connect(proxy.target);
    await client.write(formatRequest({}));
    const body = client.bodyOf(await client.readHead());
    await body.readSome();
    await client.closeWrite();
    await upstream.connectionClosed(1);
    assert.equal((await body.readAll()).ended, "cut");
  });
}

/** Sends the head of an upload, and returns what sends its bytes, each in its own segment or frame. */
async function byteSender(
  proxy: ServedProxy,
  framing: "content-length" | "chunked" | "HTTP/2",
  length: number,
): Promise<(byte: string, last: boolean) => Promise<void>> {
  if (framing === "HTTP/2") {
    const client = await Http2Client.connect(proxy.target);
    const stream = await client.request({ method: "POST", open: true });
    return (byte, last) => stream.send(byte, last);
  }
  const client = await RawClient.connect(proxy.target);
  const field: [string, string] = framing === "chunked"
    ? ["Transfer-Encoding", "chunked"]
    : ["Content-Length", String(length)];
  await client.write(formatRequest({ method: "POST", headers: [["Host", "localhost"], field] }));
  return (byte, last) =>
    client.write(framing === "chunked" ? `1\r\n${byte}\r\n${last ? "0\r\n\r\n" : ""}` : byte);
}

/** A number that has stopped to change: for a second, by no more than the tolerance. */
async function settled(look: () => number, tolerance = 0): Promise<number> {
  let steady = look();
  for (let same = 0; same < 10;) {
    await new Promise((later) => setTimeout(later, 100));
    const now = look();
    same = Math.abs(now - steady) <= tolerance ? same + 1 : 0;
    if (same === 0) steady = now;
  }
  return steady;
}

/** Reads a body whose every megabyte is filled with its number, and returns its length. */
async function readPattern(answer: Answer): Promise<number> {
  let length = 0;
  for (let piece = await answer.readSome(30_000); piece; piece = await answer.readSome(30_000)) {
    const [first, last] = [length, length + piece.length - 1].map((at) => at / MEGABYTE & 255);
    assert.equal(piece.at(0), first);
    assert.equal(piece.at(-1), last);
    length += piece.length;
  }
  return length;
}

async function text(answer: Answer): Promise<string> {
  const decoder = new TextDecoder();
  let received = "";
  const next = () => answer.readSome(60_000);
  for (let piece: Bytes | null = await next(); piece; piece = await next()) {
    received += decoder.decode(piece, { stream: true });
  }
  return received;
}
