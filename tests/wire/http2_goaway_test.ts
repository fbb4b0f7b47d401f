/**
 * Requests that an HTTP/2 upstream did not process: it ends its connection in an orderly way before
 * their streams (GOAWAY), or refuses a stream. They are certainly not carried out (RFC 9113 §6.8 and
 * §8.7), so they are sent again; nothing else is.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { headerValues } from "../kit/http1/message_head.ts";
import { RawClient, request } from "../kit/http1/raw_client.ts";
import { ERROR_CODE } from "../kit/http2/http2_frames.ts";
import {
  type Http2Exchange,
  type Http2Handler,
  RawHttp2Upstream,
} from "../kit/http2/raw_http2_upstream.ts";
import { programTest } from "../kit/process/programs.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { TemporaryDirectory } from "../kit/process/temporary_directory.ts";
import { NGINX, Nginx } from "../kit/servers/nginx.ts";
import { TestAuthority } from "../kit/tls/authority.ts";

const authority = await TestAuthority.create();
const tls = await authority.issue();

/** Starts the proxy in front of an upstream that is spoken to in HTTP/2. */
async function startProxy(upstreamUrl: string): Promise<AsyncDisposable & { proxy: ProxyProcess }> {
  const directory = new TemporaryDirectory();
  const caFile = join(directory.path, "ca.pem");
  await Deno.writeTextFile(caFile, authority.root);
  const args = ["--workers", "1", "--upstream-http2", "true", "--upstream-ca-file", caFile];
  const proxy = await ProxyProcess.start({ upstreamUrl, args });
  return {
    proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

/** Answers once the request's body is there. */
const answer: Http2Handler = async (exchange) => {
  await exchange.body();
  await exchange.respond([], "whole");
};

/** Refuses the first requests one way, and answers the others. */
function refusing(refuse: Http2Handler, times = 1): Http2Handler {
  let refused = 0;
  return (exchange) => refused++ < times ? refuse(exchange) : answer(exchange);
}

const goAway = (exchange: Http2Exchange) =>
  exchange.goAway(exchange.streamId - 1, ERROR_CODE.noError);

/** How an upstream says that it did not process a request. */
const UNPROCESSED: Record<string, Http2Handler> = {
  "GOAWAY below its stream": goAway,
  "GOAWAY below its stream, once its body is there": async (exchange) => {
    await exchange.body();
    await goAway(exchange);
  },
  "GOAWAY below its stream, and the connection's end": async (exchange) => {
    await exchange.body(); // Or what is not read would reset the connection, GOAWAY and all.
    await goAway(exchange);
    exchange.close();
  },
  "REFUSED_STREAM": (exchange) => exchange.reset(ERROR_CODE.refusedStream),
};

/** Requests as clients frame them. */
const REQUESTS: [what: string, method: string, headers: [string, string][], body: string][] = [
  ["a POST", "POST", [["Content-Length", "5"]], "hello"],
  ["a PUT", "PUT", [["Content-Length", "5"]], "hello"],
  ["a POST of 60 kB", "POST", [["Content-Length", "60000"]], "x".repeat(60_000)],
  ["a POST without a body", "POST", [["Content-Length", "0"]], ""],
  ["a GET", "GET", [], ""],
];

for (const [how, refuse] of Object.entries(UNPROCESSED)) {
  Deno.test(`77 78 what an upstream did not process is sent again: ${how}`, async (t) => {
    await using upstream = RawHttp2Upstream.start(tls);
    await using started = await startProxy(upstream.url);
    for (const [what, method, headers, body] of REQUESTS) {
      for (const times of [1, 3]) {
        await t.step(`${what}, refused ${times} times`, async () => {
          upstream.handler = refusing(refuse, times);
          const before = upstream.exchanges.length;
          const { status, bytes } = await post(started.proxy, { method, headers, body });
          assert.equal(status, 200);
          assert.equal(new TextDecoder().decode(bytes), "whole");
          assert.equal(upstream.exchanges.length - before, times + 1);
          assert.ok(await upstream.exchanges.at(-1)?.body() === body, "another body");
        });
      }
    }
  });
}

/** How an upstream ends that may have processed the request, or that had rather not get another. */
const NOT_AGAIN: Record<string, { end: Http2Handler; detail: RegExp }> = {
  "GOAWAY up to its stream, and the connection's end": {
    async end(exchange) {
      await exchange.body();
      await exchange.goAway(exchange.streamId, ERROR_CODE.noError);
      exchange.close();
    },
    detail: /stream closed because of a broken pipe/,
  },
  "the connection's end": {
    async end(exchange) {
      await exchange.body();
      exchange.close();
    },
    detail: /stream closed because of a broken pipe/,
  },
  "GOAWAY with ENHANCE_YOUR_CALM": {
    end: (exchange) => exchange.goAway(exchange.streamId - 1, ERROR_CODE.enhanceYourCalm),
    detail: /connection error received: detected excessive load/,
  },
  "GOAWAY with INTERNAL_ERROR": {
    end: (exchange) => exchange.goAway(exchange.streamId - 1, ERROR_CODE.internalError),
    detail: /connection error received: unexpected internal error/,
  },
  ...Object.fromEntries(
    Object.entries(ERROR_CODE).filter(([name]) => name !== "refusedStream").map(([name, code]) => [
      `a reset with ${name}`,
      { end: (exchange: Http2Exchange) => exchange.reset(code), detail: /stream error received: / },
    ]),
  ),
};

for (const [how, { end, detail }] of Object.entries(NOT_AGAIN)) {
  Deno.test(`78 a POST is not sent again after ${how}`, async () => {
    await using upstream = RawHttp2Upstream.start(tls, end);
    await using started = await startProxy(upstream.url);
    const { status, headers } = await post(started.proxy);
    assert.equal(status, 502);
    assert.deepEqual(headerValues(headers, "x-claude-proxy-error"), ["upstream_unreachable"]);
    await started.proxy.waitForLine(new RegExp(`status=502 .*detail="?.*${detail.source}`));
    assert.equal(upstream.exchanges.length, 1);
  });
}

/** Bodies that are not held: a part of them may be gone. */
const NOT_HELD: Record<string, { headers: [string, string][]; body: string }> = {
  "chunked": { headers: [["Transfer-Encoding", "chunked"]], body: "5\r\nhello\r\n0\r\n\r\n" },
  "of more than 1 MiB": {
    headers: [["Content-Length", `${2 ** 20 + 1}`]],
    body: "x".repeat(2 ** 20 + 1),
  },
};

for (const [what, { headers, body }] of Object.entries(NOT_HELD)) {
  Deno.test(`78 a body ${what} is not sent again, and GOAWAY is named`, async () => {
    await using upstream = RawHttp2Upstream.start(tls, refusing(goAway));
    await using started = await startProxy(upstream.url);
    const { status, bytes } = await post(started.proxy, { headers, body });
    assert.equal(status, 502);
    assert.match(new TextDecoder().decode(bytes), /GOAWAY/);
    await started.proxy.waitForLine(/status=502 .*detail="connection error received: /);
    assert.equal(upstream.exchanges.length, 1);
  });
}

Deno.test("78 an upstream that never processes anything is asked eleven times", async () => {
  await using upstream = RawHttp2Upstream.start(tls, UNPROCESSED["REFUSED_STREAM"]);
  await using started = await startProxy(upstream.url);
  assert.equal((await post(started.proxy)).status, 502);
  assert.equal(upstream.exchanges.length, 11);
});

Deno.test("46 of an upload that is held and breaks off, an HTTP/2 upstream hears nothing", async () => {
  await using upstream = RawHttp2Upstream.start(tls, answer);
  await using started = await startProxy(upstream.url);
  using client = await RawClient.connect({ port: started.proxy.port });
  await client.write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
  client.close();
  await started.proxy.waitForLine(/method=POST .*status=400 .*error=unforwardable_request/);
  assert.deepEqual(upstream.exchanges, []);
});

programTest({
  name: "77 78 every POST gets through nginx's GOAWAY after 50 requests, and none gets there twice",
  needs: [NGINX],
  fn: async () => {
    const carriedOut: string[] = [];
    const listen = { hostname: "127.0.0.1", port: 0, onListen() {} };
    await using backend = Deno.serve(listen, async (request) => {
      carriedOut.push(await request.text());
      return new Response("ok");
    });
    const server = (port: number) =>
      `server {
        listen 127.0.0.1:${port} ssl http2;
        keepalive_requests 50;
        ssl_certificate cert.pem;
        ssl_certificate_key key.pem;
        location / { proxy_pass http://127.0.0.1:${backend.addr.port}; }
      }`;
    await using nginx = await Nginx.startWith(server, { "cert.pem": tls.cert, "key.pem": tls.key });
    await using started = await startProxy(nginx.url);
    const statuses: number[] = [];
    let next = 0;
    await Promise.all(Array.from({ length: 32 }, async () => {
      while (next < 600) {
        const body = `request ${next++}`;
        const headers: [string, string][] = [["Content-Length", `${body.length}`]];
        statuses.push((await post(started.proxy, { headers, body })).status);
      }
    }));
    assert.deepEqual(statuses.filter((status) => status !== 200), []);
    assert.equal(carriedOut.length, 600);
    assert.equal(new Set(carriedOut).size, 600);
  },
});

function post(
  { port }: ProxyProcess,
  { method = "POST", headers = [["Content-Length", "2"]], body = "{}" }: Partial<{
    method: string;
    headers: [string, string][];
    body: string;
  }> = {},
) {
  return request({ port, method, headers: [["Host", "localhost"], ...headers], body });
}
