import assert from "node:assert/strict";
import { HttpsProxy } from "../kit/servers/https_proxy.ts";
import { CLIENT_KEY, UPSTREAM_KEY } from "../kit/process/proxy_process.ts";
import { latin1Text } from "../kit/http1/bytes.ts";
import { headerValues } from "../kit/http1/message_head.ts";
import { RawClient, type RawResponse, type ResponseOptions } from "../kit/http1/raw_client.ts";
import { answerOk, RawUpstream } from "../kit/http1/raw_upstream.ts";

const OK = "HTTP/1.1 200 OK\r\n";

function connect({ port, authority }: HttpsProxy): Promise<RawClient> {
  const tls = { caCerts: [authority.root], alpnProtocols: ["http/1.1"] };
  return RawClient.connect({ port, tls });
}

/** One exchange over TLS, on a connection of its own. */
async function send(
  proxy: HttpsProxy,
  bytes: string,
  options?: ResponseOptions,
): Promise<RawResponse> {
  using client = await connect(proxy);
  await client.write(bytes);
  return await client.readResponse(options);
}

Deno.test("1 3 10 12 17b 21 22 over TLS targets and credentials are handled as without", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await HttpsProxy.start(`${upstream.url}/base`);
  const key = `x-api-key: ${CLIENT_KEY}\r\n`;
  for (const target of ["/%2F//?;&&=", "http://elsewhere.example/%2F//?;&&="]) {
    await t.step(`${target} crosses`, async () => {
      assert.equal(
        (await send(proxy, `GET ${target} HTTP/1.1\r\nHost: h\r\n${key}\r\n`)).status,
        200,
      );
      const received = await upstream.nextRequest();
      assert.equal(received.target, "/base/%2F//?;&&=");
      assert.deepEqual(received.values("host"), [`127.0.0.1:${upstream.port}`]);
      assert.deepEqual(received.values("x-api-key"), [UPSTREAM_KEY]);
    });
  }
  const refused = [
    "/a/../b HTTP/1.1\r\nHost: h",
    "/a#b HTTP/1.1\r\nHost: h",
    "/ HTTP/1.1\r\nHost: a@b",
  ];
  for (const request of refused) {
    await t.step(`${request} is refused`, async () => {
      assert.equal((await send(proxy, `GET ${request}\r\n${key}\r\n`)).status, 400);
    });
  }
  assert.equal(upstream.requests.length, 2);
});

Deno.test("29 30 37 38 39 41 over TLS ambiguous and oversized heads are a 400 that ends the connection", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await HttpsProxy.start(upstream.url);
  const requests: [name: string, bytes: string][] = [
    ["29 NUL", "GET / HTTP/1.1\r\nHost: h\r\nX-A: b\0\r\n\r\n"],
    ["30 68 KiB", `GET / HTTP/1.1\r\nHost: h\r\nX-A: ${"a".repeat(68 * 1024)}\r\n\r\n`],
    ["37", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["38", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n"],
    ["39", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"],
    ["41", "GET / HTTP/1.1\r\nHost: h\r\nX-A : b\r\n\r\n"],
  ];
  for (const [name, bytes] of requests) {
    await t.step(name, async () => {
      using client = await connect(proxy);
      await client.write(bytes);
      assert.equal((await client.readResponse()).status, 400);
      await client.expectEnd();
    });
  }
  assert.deepEqual(upstream.requests, []);
});

Deno.test("44 45 46 51 over TLS uploads cross, and one that is cut is cut upstream", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await HttpsProxy.start(upstream.url);
  const post = "POST / HTTP/1.1\r\nHost: h\r\n";
  const uploads = {
    "content-length": `${post}Content-Length: 3\r\n\r\nabc`,
    "transfer-encoding": `${post}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
  };
  for (const [framing, bytes] of Object.entries(uploads)) {
    await t.step(`${framing}, whole`, async () => {
      upstream.handler = answerOk;
      assert.equal((await send(proxy, bytes)).status, 200);
      const received = await upstream.nextRequest();
      assert.deepEqual([received.bodyText, received.values(framing).length], ["abc", 1]);
    });
    for (const departure of ["close", "closeWrite", "reset"] as const) {
      await t.step(`${framing}, cut by ${departure}`, async () => {
        const arrived = Promise.withResolvers<void>();
        upstream.handler = async (exchange) => {
          await exchange.readBodySome();
          arrived.resolve();
          await exchange.readBody();
        };
        using client = await connect(proxy);
        await client.write(bytes.replace("Length: 3", "Length: 9").replace("0\r\n\r\n", ""));
        await arrived.promise;
        await client[departure]();
        assert.equal(await (await upstream.nextRequest()).whenBodyEnded(), "cut");
      });
    }
  }
  await t.step("100-continue", async () => {
    upstream.handler = answerOk;
    using client = await connect(proxy);
    await client.write(`${post}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n`);
    assert.equal((await client.readHead()).status, 100);
    await client.write("abc");
    assert.equal((await client.readResponse()).status, 200);
  });
});

Deno.test("48 49 50 52 55 over TLS responses are framed as without", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await HttpsProxy.start(upstream.url);
  const chunked = "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n";
  const cases: [name: string, method: string, bytes: string, names: string[], body: string][] = [
    ["48 HEAD", "HEAD", `${OK}Content-Length: 5\r\n\r\n`, ["content-length", "date"], ""],
    ["48 HEAD, chunked", "HEAD", `${OK}Transfer-Encoding: chunked\r\n\r\n`, ["date"], ""],
    ["49 204", "GET", "HTTP/1.1 204 N\r\n\r\n", ["date"], ""],
    ["50 103", "GET", `HTTP/1.1 103 E\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`, [
      "content-length",
      "date",
    ], "ok"],
    ["52 trailers", "GET", `${OK}${chunked}X-Sum: 1\r\n\r\n`, ["transfer-encoding", "date"], "ok"],
    ["55 a surplus", "GET", `${OK}Content-Length: 2\r\n\r\nokSURPLUS`, [
      "content-length",
      "date",
    ], "ok"],
  ];
  for (const [name, method, bytes, names, body] of cases) {
    await t.step(name, async () => {
      upstream.handler = (exchange) => exchange.write(bytes);
      const response = await send(proxy, `${method} / HTTP/1.1\r\nHost: h\r\n\r\n`, { method });
      assert.deepEqual(response.headers.map(([name]) => name), names);
      assert.equal(latin1Text(response.bytes), body);
      assert.deepEqual([response.ended, response.trailers], ["complete", []]);
    });
  }
});

Deno.test("54 57 over TLS a stream is forwarded as it comes, and cut where the upstream breaks off", async () => {
  const turn = Promise.withResolvers<void>();
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    await exchange.writeChunk("data: 1\n\n");
    await turn.promise;
    exchange.close();
  });
  await using proxy = await HttpsProxy.start(upstream.url);
  using client = await connect(proxy);
  assert.equal(client.alpnProtocol, "http/1.1");
  await client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const head = await client.readHead();
  assert.deepEqual(headerValues(head.headers, "transfer-encoding"), ["chunked"]);
  const body = client.bodyOf(head);
  assert.equal(latin1Text((await body.readSome())?.bytes ?? new Uint8Array()), "data: 1\n\n");
  turn.resolve();
  assert.equal((await body.readAll()).ended, "cut");
});
