import assert from "node:assert/strict";
import { CLIENT_KEY, ProxyProcess, UPSTREAM_KEY } from "../kit/process/proxy_process.ts";
import { RawClient, type RawResponse, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { headerValues } from "../kit/http1/message_head.ts";

const KEY: [string, string] = ["x-api-key", CLIENT_KEY];

/** Asserts an answer of the proxy's own, in the Anthropic dialect, that gives nothing away. */
function assertOwnError(response: RawResponse, status: number, code: string, internal: string[]) {
  assert.equal(response.status, status);
  assert.deepEqual(headerValues(response.headers, "x-claude-proxy-error"), [code]);
  const text = new TextDecoder().decode(response.bytes);
  const body = JSON.parse(text);
  assert.equal(body.type, "error");
  assert.equal(typeof body.error.message, "string");
  for (const secret of [CLIENT_KEY, UPSTREAM_KEY, ".ts", ...internal]) {
    assert.ok(!text.includes(secret), `${secret} in ${text}`);
  }
}

const post = (proxy: ProxyProcess) =>
  request({
    port: proxy.port,
    method: "POST",
    target: "/v1/messages?beta=true",
    headers: [["Host", "localhost"], KEY, ["Content-Length", "2"]],
    body: "{}",
    deadlineMs: 30_000,
  });

Deno.test("65 an upstream that refuses connections is a 502", async () => {
  const upstream = RawUpstream.start();
  const { url, port } = upstream;
  await upstream[Symbol.asyncDispose]();
  await using proxy = await ProxyProcess.start({ upstreamUrl: url });
  const response = await post(proxy);
  assertOwnError(response, 502, "upstream_unreachable", ["127.0.0.1", String(port)]);
  await proxy.waitForLine(/error=upstream_unreachable .*refused/);
});

Deno.test("66 an upstream whose name is unknown is a 502", async () => {
  await using proxy = await ProxyProcess.start({ upstreamUrl: "http://nowhere.invalid" });
  assertOwnError(await post(proxy), 502, "upstream_unreachable", ["nowhere"]);
});

Deno.test("67 a failed TLS handshake is a 502", async () => {
  await using upstream = RawUpstream.start();
  upstream.handler = (exchange) => exchange.close();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url.replace("http:", "https:"),
  });
  assertOwnError(await post(proxy), 502, "upstream_unreachable", ["127.0.0.1"]);
  upstream.violations.length = 0; // A ClientHello is no HTTP request, as it should be.
});

Deno.test("68 a connection closed or reset before headers is a 502, and the POST is not sent again", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  for (const end of ["close", "reset"] as const) {
    upstream.handler = async (exchange) => {
      await exchange.readBody();
      exchange[end]();
    };
    const before = upstream.requests.length;
    assertOwnError(await post(proxy), 502, "upstream_unreachable", ["127.0.0.1"]);
    assert.equal(upstream.requests.length, before + 1);
  }
});

Deno.test("69 54 an upstream that breaks off mid-body cuts the client off", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const framings = {
    chunked: "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "content-length": "Content-Length: 8\r\n\r\nhalf",
  };
  for (const [framing, sent] of Object.entries(framings)) {
    for (const end of ["close", "reset"] as const) {
      await t.step(`${framing}, ${end}`, async () => {
        const delivered = Promise.withResolvers<void>();
        upstream.handler = async (exchange) => {
          await exchange.readBody();
          await exchange.write(`HTTP/1.1 200 OK\r\n${sent}`);
          await delivered.promise;
          exchange[end]();
        };
        using client = await RawClient.connect({ port: proxy.port });
        await client.write("GET /v1/messages HTTP/1.1\r\nHost: localhost\r\n\r\n");
        const body = client.bodyOf(await client.readHead());
        assert.equal(new TextDecoder().decode((await body.readSome())?.bytes), "half");
        delivered.resolve();
        assert.equal((await body.readAll()).ended, "cut");
      });
    }
  }
});

Deno.test("70 an upstream silent past upstream_header_timeout is a 504", async () => {
  const left = Promise.withResolvers<unknown>();
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    left.resolve(await exchange.peerClosed());
  });
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--upstream-header-timeout", "1"],
  });
  assertOwnError(await post(proxy), 504, "upstream_timeout", ["127.0.0.1"]);
  await left.promise;
});

Deno.test("33 an upstream's status outside 200 to 599 is a 502", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  for (const status of [101, 600, 999]) {
    upstream.handler = async (exchange) => {
      await exchange.readBody();
      const upgrade: [string, string][] = [["Connection", "upgrade"], ["Upgrade", "x"]];
      await exchange.respond({ status, reason: "Odd", headers: status === 101 ? upgrade : [] });
      exchange.close();
    };
    assertOwnError(await post(proxy), 502, "upstream_unreachable", ["127.0.0.1"]);
  }
});

Deno.test("33 35 71 odd statuses, redirects and error bodies pass through as they are", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const error = '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}';
  for (
    const status of [200, 201, 301, 302, 307, 308, 400, 401, 403, 404, 418, 429, 500, 503, 529]
  ) {
    upstream.handler = async (exchange) => {
      await exchange.readBody();
      await exchange.respond({
        status,
        headers: [["Location", "https://elsewhere.example/?a=b#c"], ["Retry-After", "3"]],
        body: error,
      });
    };
    const response = await post(proxy);
    assert.equal(response.status, status);
    assert.deepEqual(headerValues(response.headers, "location"), [
      "https://elsewhere.example/?a=b#c",
    ]);
    assert.deepEqual(headerValues(response.headers, "retry-after"), ["3"]);
    assert.deepEqual(headerValues(response.headers, "x-claude-proxy-error"), []);
    assert.equal(new TextDecoder().decode(response.bytes), error);
  }
});

Deno.test("56 a body over max_request_body is a 413, announced or counted", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--max-request-body", "10"],
  });
  const send = (framing: [string, string], body: string) =>
    request({
      port: proxy.port,
      method: "POST",
      target: "/v1/messages",
      headers: [["Host", "localhost"], framing],
      body,
    });
  const chunked: [string, string] = ["Transfer-Encoding", "chunked"];
  assertOwnError(
    await send(["Content-Length", "11"], "x".repeat(11)),
    413,
    "request_too_large",
    [],
  );
  assert.equal(upstream.requests.length, 0);
  assertOwnError(
    await send(chunked, "6\r\nabcdef\r\n5\r\nghijk\r\n0\r\n\r\n"),
    413,
    "request_too_large",
    [],
  );
  assert.equal((await send(["Content-Length", "10"], "x".repeat(10))).status, 200);
  assert.equal((await send(chunked, "6\r\nabcdef\r\n4\r\nghij\r\n0\r\n\r\n")).status, 200);
  assert.equal(upstream.requests.at(-1)?.bodyText, "abcdefghij");
});
