import assert from "node:assert/strict";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { CLIENT_KEY, ProxyProcess } from "../kit/process/proxy_process.ts";
import { request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { headerValues } from "../kit/http1/message_head.ts";

const TEXT = new TextEncoder().encode("data: the same words again and again\n\n".repeat(200));

const ACCEPTED: (string | undefined)[] = [
  undefined,
  "",
  "identity",
  "gzip",
  "br",
  "zstd",
  "deflate",
  "*",
  "gzip, deflate, br, zstd",
  "gzip;q=1.0, br;q=0.5, identity;q=0",
  "identity;q=0, *;q=0.1",
  "x-unheard-of",
];

const CODINGS: [coding: string | undefined, body: Uint8Array][] = [
  [undefined, TEXT],
  ["identity", TEXT],
  ["gzip", gzipSync(TEXT)],
  ["x-gzip", gzipSync(TEXT)],
  ["br", brotliCompressSync(TEXT)],
  ["zstd", zstdCompressSync(TEXT)],
  ["deflate", deflateSync(TEXT)],
  ["gzip, br", brotliCompressSync(gzipSync(TEXT))],
  ["gzip", TEXT.slice(0, 100)], // claims a coding it does not have
];

const FRAMINGS = ["content-length", "chunked"] as const;

Deno.test("53 every coding arrives with its own bytes and headers, whatever the client accepts", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  for (const accepted of ACCEPTED) {
    await t.step(`Accept-Encoding: ${accepted ?? "(absent)"}`, async () => {
      for (const [coding, body] of CODINGS) {
        for (const framing of FRAMINGS) {
          await exchange(proxy.port, upstream, { accepted, coding, body, framing });
        }
      }
    });
  }
});

interface Case {
  accepted: string | undefined;
  coding: string | undefined;
  body: Uint8Array;
  framing: typeof FRAMINGS[number];
}

async function exchange(port: number, upstream: RawUpstream, test: Case): Promise<void> {
  const { accepted, coding, body, framing } = test;
  upstream.handler = async (exchange) => {
    const encoding: [string, string][] = coding === undefined ? [] : [["Content-Encoding", coding]];
    if (framing === "content-length") return await exchange.respond({ headers: encoding, body });
    await exchange.respond({ headers: [...encoding, ["Transfer-Encoding", "chunked"]] });
    await exchange.writeChunk(body.subarray(0, 10));
    await exchange.writeChunk(body.subarray(10));
    await exchange.writeChunk();
  };
  const asked: [string, string][] = accepted === undefined ? [] : [["Accept-Encoding", accepted]];
  const response = await request({ port, headers: [["Host", "localhost"], ...asked] });
  const what = `${coding} as ${framing}`;
  assert.equal(response.status, 200, what);
  assert.deepEqual(response.bytes, new Uint8Array(body), what);
  assert.deepEqual(
    headerValues(response.headers, "content-encoding"),
    coding ? [coding] : [],
    what,
  );
  if (framing === "content-length") {
    assert.deepEqual(headerValues(response.headers, "content-length"), [String(body.length)], what);
  }
  const received = await upstream.nextRequest();
  const sent = accepted === undefined || accepted === "identity" ? [] : [accepted];
  assert.deepEqual(received.values("accept-encoding"), ["identity", ...sent], what);
}

Deno.test("59 nothing is compressed that the upstream did not compress", async (t) => {
  const long = "data: compressible ".repeat(1_000);
  const cases: [type: string, body: string][] = [
    ["text/plain", long],
    ["application/json", JSON.stringify({ long })],
    ["text/event-stream", `${long}\n\n`],
  ];
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    // Deno.serve compresses by default where this is set; the proxy says no by itself.
    env: { DENO_SERVE_AUTOMATIC_COMPRESSION: "1" },
  });
  const send = (target: string) =>
    request({
      port: proxy.port,
      target,
      headers: [["Host", "h"], ["Accept-Encoding", "gzip, br"], ["x-api-key", target.slice(1)]],
    });
  for (const [type, body] of cases) {
    for (const framing of FRAMINGS) {
      await t.step(`${type}, ${framing}`, async () => {
        upstream.handler = async (exchange) => {
          const headers: [string, string][] = [["Content-Type", type]];
          if (framing === "content-length") return await exchange.respond({ headers, body });
          await exchange.respond({ headers: [...headers, ["Transfer-Encoding", "chunked"]] });
          await exchange.writeChunk(body);
          await exchange.writeChunk();
        };
        const response = await send(`/${CLIENT_KEY}`);
        assert.equal(new TextDecoder().decode(response.bytes), body);
        assert.deepEqual(headerValues(response.headers, "content-encoding"), []);
        assert.deepEqual(headerValues(response.headers, "vary"), []);
      });
    }
  }
  await t.step("an answer of the proxy's own", async () => {
    const { status, headers, bytes } = await send("/wrong");
    assert.equal(status, 401);
    assert.equal(typeof JSON.parse(new TextDecoder().decode(bytes)), "object");
    assert.deepEqual(headerValues(headers, "content-encoding"), []);
  });
});
