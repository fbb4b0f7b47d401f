import assert from "node:assert/strict";
import { CLIENT_KEY, ProxyProcess } from "../kit/process/proxy_process.ts";
import { latin1Text } from "../kit/http1/bytes.ts";
import { RawClient, type RawResponse, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { type HeaderList, headerValues } from "../kit/http1/message_head.ts";

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED: [string, string] = ["Transfer-Encoding", "chunked"];
const HOST: [string, string] = ["Host", "h"];

/** What frames a response; the rest of its headers is `tests/wire/headers_test.ts`'s affair. */
function framingOf({ headers }: RawResponse): HeaderList {
  return headers.filter(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
}

/** The response of the proxy when its upstream sends exactly these bytes. */
async function answered(
  { upstream, proxy }: { upstream: RawUpstream; proxy: ProxyProcess },
  bytes: string,
  method = "GET",
): Promise<RawResponse> {
  upstream.handler = (exchange) => exchange.write(bytes);
  return await request({ port: proxy.port, method });
}

Deno.test("43 44 52 a chunked request arrives as its data, without extensions and trailers", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const response = await request({
    port: proxy.port,
    method: "POST",
    headers: [HOST, CHUNKED, ["TE", "trailers"], ["Trailer", "X-Sum"]],
    body: '2;a=b;c="d e"\r\nab\r\n003\r\n\0\r\n\r\n0;z\r\nX-Sum: 1\r\n' +
      `x-api-key: ${CLIENT_KEY}\r\nContent-Length: 99\r\n\r\n`,
  });
  assert.equal(response.status, 200);
  const received = await upstream.nextRequest();
  assert.equal(received.bodyText, "ab\0\r\n");
  assert.deepEqual(received.values("transfer-encoding"), ["chunked"]);
  for (const name of ["te", "trailer", "x-sum", "x-api-key", "content-length"]) {
    assert.deepEqual(received.values(name), [], name);
  }
  assert.deepEqual(received.trailers, []);
});

const MALFORMED_CHUNKS: [name: string, bytes: string][] = [
  ["a size that is no number", "zz\r\nab\r\n0\r\n\r\n"],
  ["a size with 0x", "0x2\r\nab\r\n0\r\n\r\n"],
  ["a size past 64 bits", "fffffffffffffffff\r\nab\r\n0\r\n\r\n"],
  ["more data than the size", "2\r\nabXX0\r\n\r\n"],
  ["LF alone behind an extension", "2;a\nab\r\n0\r\n\r\n"],
  ["an extension of 20 kB", `2;${"a".repeat(20_000)}\r\nab\r\n0\r\n\r\n`],
  ["a trailer that is no field", "0\r\nX Sum 1\r\n\r\n"],
];

Deno.test("43 malformed chunks are a 400, and the upstream sees no clean end", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  for (const [name, bytes] of MALFORMED_CHUNKS) {
    await t.step(name, async () => {
      const arrived = Promise.withResolvers<void>();
      upstream.handler = async (exchange) => {
        await exchange.readBodySome();
        arrived.resolve();
        await exchange.readBody();
      };
      using client = await RawClient.connect({ port: proxy.port });
      await client.write(
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
      );
      await arrived.promise;
      await client.write(bytes);
      const response = await client.readResponse();
      assert.equal(response.status, 400);
      assert.deepEqual(headerValues(response.headers, "x-claude-proxy-error"), [
        "unforwardable_request",
      ]);
      await client.expectEnd();
      assert.equal(await (await upstream.nextRequest()).whenBodyEnded(), "cut");
    });
  }
});

Deno.test("48 the answer to HEAD has the upstream's length, and none where it told none", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const cases: [name: string, head: string, framing: HeaderList][] = [
    ["a length", `${OK}Content-Length: 5\r\n\r\n`, [["content-length", "5"]]],
    ["no bytes", `${OK}Content-Length: 0\r\n\r\n`, [["content-length", "0"]]],
    ["chunked", `${OK}Transfer-Encoding: chunked\r\n\r\n`, []],
    ["the end of the connection", `${OK}Connection: close\r\n\r\n`, []],
    ["no body, a 204", "HTTP/1.1 204 No Content\r\n\r\n", []],
  ];
  for (const [name, head, framing] of cases) {
    await t.step(name, async () => {
      const response = await answered({ upstream, proxy }, head, "HEAD");
      assert.deepEqual(framingOf(response), framing);
      assert.equal(response.bytes.length, 0);
    });
  }
});

Deno.test("49 204 and 304 have no body and no length, and keep the rest", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const cases: [name: string, bytes: string, status: number][] = [
    ["204", "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n", 204],
    ["204 with a length of 0", "HTTP/1.1 204 N\r\nX-A: b\r\nContent-Length: 0\r\n\r\n", 204],
    ["204 with a body", "HTTP/1.1 204 N\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok", 204],
    ["304", "HTTP/1.1 304 Not Modified\r\nX-A: b\r\n\r\n", 304],
    ["304 with a length", "HTTP/1.1 304 N\r\nX-A: b\r\nContent-Length: 5\r\n\r\n", 304],
  ];
  for (const [name, bytes, status] of cases) {
    await t.step(name, async () => {
      const response = await answered({ upstream, proxy }, bytes);
      assert.equal(response.status, status);
      assert.deepEqual(response.headers.map(([name]) => name), ["x-a", "date"]);
    });
  }
});

Deno.test("33 37 49 answers that cannot be framed for the client as they came are a 502", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const cases: [name: string, bytes: string][] = [
    ["205, whose length Deno.serve drops", "HTTP/1.1 205 R\r\nContent-Length: 0\r\n\r\n"],
    [
      "a length below what the chunks hold",
      `${OK}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    ],
    [
      "a length above what the chunks hold",
      `${OK}Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    ],
    ["gzip, chunked", `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ["gzip to the end of the connection", `${OK}Transfer-Encoding: gzip\r\n\r\nok`],
  ];
  for (const [name, bytes] of cases) {
    await t.step(name, async () => {
      const response = await answered({ upstream, proxy }, bytes);
      assert.equal(response.status, 502);
      assert.match(latin1Text(response.bytes), /gave an answer that cannot be forwarded/);
    });
  }
});

Deno.test("45 a body keeps its bytes whatever ends it upstream, and its length where there is one", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const chunked: HeaderList = [["transfer-encoding", "chunked"]];
  const cases: [name: string, bytes: string, framing: HeaderList][] = [
    ["a length", `${OK}Content-Length: 2\r\n\r\nok`, [["content-length", "2"]]],
    ["chunks", `${OK}Transfer-Encoding: chunked\r\n\r\n1;a=b\r\no\r\n1\r\nk\r\n0\r\n\r\n`, chunked],
    ["HTTP/1.0 with a length", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", [[
      "content-length",
      "2",
    ]]],
    ["the same length twice", `${OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`, chunked],
  ];
  for (const [name, bytes, framing] of cases) {
    await t.step(name, async () => {
      const response = await answered({ upstream, proxy }, bytes);
      assert.deepEqual(framingOf(response), framing);
      assert.equal(latin1Text(response.bytes), "ok");
      assert.equal(response.ended, "complete");
    });
  }
  await t.step("the end of the connection", async () => {
    upstream.handler = async (exchange) => {
      await exchange.write(`${OK}Connection: close\r\n\r\nok`);
      exchange.close();
    };
    const response = await request({ port: proxy.port });
    assert.deepEqual(framingOf(response), chunked);
    assert.equal(latin1Text(response.bytes), "ok");
    assert.equal(response.ended, "complete");
  });
});

Deno.test("44 a client of HTTP/1.0 gets a chunked body ended by the connection", async () => {
  await using upstream = RawUpstream.start((exchange) =>
    exchange.write(`${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`)
  );
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  using client = await RawClient.connect({ port: proxy.port });
  await client.write("GET / HTTP/1.0\r\n\r\n");
  const response = await client.readResponse();
  assert.deepEqual(framingOf(response), []);
  assert.equal(latin1Text(response.bytes), "ok");
  assert.equal(response.ended, "closed");
});

Deno.test("50 1xx are swallowed, and what follows them is the answer", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const cases: [name: string, interim: string][] = [
    ["100", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["102", "HTTP/1.1 102 Processing\r\n\r\n"],
    ["103 with headers", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nSet-Cookie: a=1\r\n\r\n"],
    ["103 that claims a body", "HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\n"],
    ["199", "HTTP/1.1 199 Odd\r\n\r\n"],
    ["30 of them", "HTTP/1.1 102 Processing\r\n\r\n".repeat(30)],
  ];
  for (const [name, interim] of cases) {
    await t.step(name, async () => {
      const response = await answered(
        { upstream, proxy },
        `${interim}${OK}X-A: b\r\nContent-Length: 2\r\n\r\nok`,
      );
      assert.deepEqual(response.interim, []);
      assert.equal(response.status, 200);
      assert.deepEqual(response.headers.map(([name]) => name), ["x-a", "content-length", "date"]);
      assert.equal(latin1Text(response.bytes), "ok");
    });
  }
});

Deno.test("51 Expect: 100-continue is answered by the proxy at once, and crosses", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const expecting = (headers: string) =>
    `POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n${headers}\r\n`;
  for (
    const [headers, body] of [["Content-Length: 2\r\n", "ab"], [
      "Transfer-Encoding: chunked\r\n",
      "2\r\nab\r\n0\r\n\r\n",
    ]]
  ) {
    await t.step(`${headers?.trim()}, and an upstream that says 100 too`, async () => {
      upstream.handler = async (exchange) => {
        await exchange.write("HTTP/1.1 100 Continue\r\n\r\n");
        await exchange.readBody();
        await exchange.respond();
      };
      using client = await RawClient.connect({ port: proxy.port });
      await client.write(expecting(headers ?? ""));
      assert.equal((await client.readHead()).status, 100);
      await client.write(body ?? "");
      const response = await client.readResponse();
      assert.deepEqual([response.interim, response.status], [[], 200]);
      const received = await upstream.nextRequest();
      assert.deepEqual(received.values("expect"), ["100-continue"]);
      assert.equal(received.bodyText, "ab");
    });
  }
  const refusals: [name: string, headers: string, status: number][] = [
    ["an upstream that refuses", "Content-Length: 2\r\n", 417],
    ["a wrong key", "x-api-key: wrong\r\nContent-Length: 2\r\n", 401],
  ];
  for (const [name, headers, status] of refusals) {
    await t.step(`the refusal follows at once: ${name}`, async () => {
      upstream.handler = (exchange) => exchange.respond({ status: 417, reason: "No" });
      using client = await RawClient.connect({ port: proxy.port });
      await client.write(expecting(headers));
      const response = await client.readResponse();
      assert.deepEqual(response.interim.map(({ status }) => status), [100]);
      assert.equal(response.status, status);
    });
  }
});

Deno.test("52 the trailers of a response are lost, and its body is not", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const response = await answered(
    { upstream, proxy },
    `${OK}Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n`,
  );
  assert.deepEqual(response.trailers, []);
  assert.deepEqual(headerValues(response.headers, "trailer"), []);
  assert.equal(latin1Text(response.bytes), "ok");
  assert.equal(response.ended, "complete");
});

Deno.test("55 bytes behind a response reach nobody, and their connection is not used again", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const evil = `${OK}Content-Length: 4\r\n\r\nevil`;
  const cases: [name: string, method: string, bytes: string, surplus: string, body: string][] = [
    ["more than the length", "GET", `${OK}Content-Length: 2\r\n\r\nok`, "MORE", "ok"],
    ["a second response", "GET", `${OK}Content-Length: 2\r\n\r\nok`, evil, "ok"],
    ["more than no bytes", "GET", `${OK}Content-Length: 0\r\n\r\n`, evil, ""],
    [
      "more than the last chunk",
      "GET",
      `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      evil,
      "",
    ],
    ["the body of a 204", "GET", "HTTP/1.1 204 No\r\nContent-Length: 4\r\n\r\n", "evil", ""],
    ["the body of a HEAD", "HEAD", `${OK}Content-Length: 4\r\n\r\n`, "evil", ""],
  ];
  for (const [name, method, bytes, surplus, body] of cases) {
    for (const late of [false, true]) {
      await t.step(`${name}, ${late ? "once the client has it" : "in one write"}`, async () => {
        const received = Promise.withResolvers<void>();
        upstream.handler = async (exchange) => {
          await exchange.write(late ? bytes : bytes + surplus);
          if (!late) return;
          await received.promise;
          await exchange.write(surplus);
        };
        const response = await request({ port: proxy.port, method });
        assert.equal(latin1Text(response.bytes), body);
        received.resolve();
        const { connectionId } = await upstream.nextRequest();
        await upstream.connectionClosed(connectionId);
        upstream.handler = (exchange) => exchange.respond({ body: "clean" });
        assert.equal(latin1Text((await request({ port: proxy.port })).bytes), "clean");
        assert.notEqual((await upstream.nextRequest()).connectionId, connectionId);
      });
    }
  }
});
