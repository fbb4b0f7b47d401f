import assert from "node:assert/strict";
import { ERROR_CODE } from "../kit/http2/http2_frames.ts";
import { HttpsProxy } from "../kit/servers/https_proxy.ts";
import { CLIENT_KEY, ProxyProcess, UPSTREAM_KEY } from "../kit/process/proxy_process.ts";
import { latin1Text } from "../kit/http1/bytes.ts";
import { type HeaderList, headerValues } from "../kit/http1/message_head.ts";
import { bodyText, type Http2Response, RawHttp2Client } from "../kit/http2/raw_http2_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

const OK = "HTTP/1.1 200 OK\r\n";
/** What `fetch` adds where the client sent none, and what every request has. */
const ALWAYS = ["accept", "accept-encoding", "accept-language", "host", "user-agent"];

/** The proxy over TLS, and its upstream. */
class Path implements AsyncDisposable {
  readonly upstream: RawUpstream;
  readonly proxy: HttpsProxy;

  private constructor(upstream: RawUpstream, proxy: HttpsProxy) {
    this.upstream = upstream;
    this.proxy = proxy;
  }

  static async start(args: string[] = []): Promise<Path> {
    const upstream = RawUpstream.start();
    return new Path(upstream, await HttpsProxy.start(`${upstream.url}/base`, args));
  }

  connect(): Promise<RawHttp2Client> {
    const { port, authority } = this.proxy;
    return RawHttp2Client.connect({ port, tls: { caCerts: [authority.root] } });
  }

  /** One request on a connection of its own. */
  async send(headers: HeaderList, body?: string): Promise<Http2Response> {
    using client = await this.connect();
    return await client.readResponse(await client.request(headers, body));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.upstream[Symbol.asyncDispose]();
  }
}

function head(method: string, path: string, ...more: HeaderList): HeaderList {
  return [[":method", method], [":scheme", "https"], [":path", path], [":authority", "h"], ...more];
}

/** Every worker still runs: a request may fail, but not take others with it. */
function assertNobodyDied({ proxy }: Path): void {
  assert.deepEqual(proxy.process.stdout.filter((line) => line.includes("died")), []);
}

function assertOwnRefusal(response: Http2Response, status: number): void {
  assert.equal(response.status, status);
  assert.deepEqual(headerValues(response.headers, "x-claude-proxy-error"), [
    "unforwardable_request",
  ]);
}

Deno.test("1 2 7 8 9 11 17 over HTTP/2 a :path crosses byte for byte", async (t) => {
  await using path = await Path.start();
  const targets = [
    "/",
    "/%2F/a%2Fb",
    "//double//",
    "/empty?",
    "/?a;b&&=&c=d=e&bare",
    "/a?../..",
    "/%zz%00%",
    "/it's",
    "//elsewhere.example/x",
    `/long?${"q".repeat(10_000)}`,
  ];
  for (const target of targets) {
    await t.step(target.slice(0, 40), async () => {
      assert.equal((await path.send(head("GET", target))).status, 200);
      assert.equal((await path.upstream.nextRequest()).target, `/base${target}`);
    });
  }
});

Deno.test("3 4 5 6 9 13 14 17b over HTTP/2 what would be rewritten is refused, and no worker dies of it", async (t) => {
  await using path = await Path.start();
  const targets = ["/a/../b", "/../x", "/%2e%2e/a", "/.%2E", "/a\\b", '/"', "/{}", "/?'"];
  for (const target of targets) {
    await t.step(target, async () => assertOwnRefusal(await path.send(head("GET", target)), 400));
  }
  const authority = (value: string): HeaderList => [...head("GET", "/").slice(0, 3), [
    ":authority",
    value,
  ]];
  const odd: [name: string, headers: HeaderList, status: number][] = [
    ["OPTIONS *", head("OPTIONS", "*"), 400],
    ["a method in lower case", head("get", "/"), 405],
    ["TRACE", head("TRACE", "/"), 405],
    ["CONNECT", [[":method", "CONNECT"], [":authority", "a:1"]], 400],
    ["GET *", head("GET", "*"), 400],
    ["userinfo in :authority", authority("a@b"), 400],
    ["a hostile Host", head("GET", "/", ["host", "x/../admin?"]), 400],
    ["a hostile Host alone", [...head("GET", "/").slice(0, 3), ["host", "evil:1/pre"]], 400],
    ["two Hosts", head("GET", "/", ["host", "h"], ["host", "g"]), 400],
    ["a refused path of Anthropic's", head("POST", "/v1/messages/../x"), 400],
  ];
  for (const [name, headers, status] of odd) {
    await t.step(name, async () => assertOwnRefusal(await path.send(headers), status));
  }
  assert.deepEqual(path.upstream.requests, []);
  assertNobodyDied(path);
});

Deno.test("10 over HTTP/2 the runtime hides a fragment and a missing slash from us, and never more", async () => {
  await using path = await Path.start();
  const cases = [["/a#b", "/a"], ["/?a#b", "/?a"], ["a", "/a"], ["?q", "/?q"]];
  for (const [sent = "", arrived = ""] of cases) {
    assert.equal((await path.send(head("GET", sent))).status, 200);
    assert.equal((await path.upstream.nextRequest()).target, `/base${arrived}`);
  }
});

Deno.test("12 21 40 over HTTP/2 neither :authority nor Host chooses the upstream", async () => {
  await using path = await Path.start();
  const bare = head("GET", "/p?q").slice(0, 3);
  const cases: HeaderList[] = [
    [...bare, [":authority", "somebody.else.example:81"]],
    bare,
    [...bare, ["host", "somebody.else.example"]],
    [...bare, [":authority", "one.example"], ["host", "another.example"]],
    [[":method", "GET"], [":scheme", "ftp"], [":path", "/p?q"], [":authority", "h"]],
  ];
  for (const headers of cases) {
    assert.equal((await path.send(headers)).status, 200, JSON.stringify(headers));
    const received = await path.upstream.nextRequest();
    assert.equal(received.target, "/base/p?q");
    assert.deepEqual(received.values("host"), [`127.0.0.1:${path.upstream.port}`]);
  }
});

const BARE = head("GET", "/");

/** What RFC 9113 §8 calls malformed. */
const MALFORMED: [name: string, headers: HeaderList][] = [
  ["18 connection", [...BARE, ["connection", "close"]]],
  ["18 keep-alive", [...BARE, ["keep-alive", "a"]]],
  ["18 proxy-connection", [...BARE, ["proxy-connection", "a"]]],
  ["18 37 transfer-encoding", [...BARE, ["transfer-encoding", "chunked"]]],
  ["18 upgrade", [...BARE, ["upgrade", "websocket"]]],
  ["18 te other than trailers", [...BARE, ["te", "gzip"]]],
  ["27 a name in upper case", [...BARE, ["X-A", "b"]]],
  ["41 a space in a name", [...BARE, ["x a", "b"]]],
  ["41 a name without a character", [...BARE, ["", "b"]]],
  ["29 CR in a value", [...BARE, ["x-a", "a\rb"]]],
  ["29 LF in a value", [...BARE, ["x-a", "a\nb"]]],
  ["29 NUL in a value", [...BARE, ["x-a", "a\0b"]]],
  ["29 a space in the path", head("GET", "/a b")],
  ["29 NUL in the path", head("GET", "/a\0b")],
  ["9 < in the path", head("GET", "/<")],
  ["28 a byte above 0x7F in the path", head("GET", "/\xe9")],
  ["17b a path in :authority", [...BARE.slice(0, 3), [":authority", "x/../admin?"]]],
  ["an unknown pseudo-header", [...BARE, [":foo", "b"]]],
  ["a response's pseudo-header", [...BARE, [":status", "200"]]],
  ["a pseudo-header behind a field", [...BARE.slice(0, 3), ["x-a", "b"], [":authority", "h"]]],
  ["a pseudo-header twice", [...BARE, [":path", "/other"]]],
  ["no :method", BARE.slice(1)],
  ["no :scheme", [...BARE.slice(0, 1), ...BARE.slice(2)]],
  ["no :path", [...BARE.slice(0, 2), ...BARE.slice(3)]],
  ["an empty :path", head("GET", "")],
  ["extended CONNECT, which was not offered", [
    ...head("CONNECT", "/"),
    [":protocol", "websocket"],
  ]],
];

Deno.test("17b 18 27 28 29 37 41 over HTTP/2 a malformed head is a PROTOCOL_ERROR", async (t) => {
  await using path = await Path.start();
  for (const [name, headers] of MALFORMED) {
    await t.step(name, async () => {
      const { status, ended, errorCode } = await path.send(headers);
      assert.equal(status, undefined);
      assert.ok(ended === "reset" || ended === "goaway", ended);
      assert.equal(errorCode, ERROR_CODE.protocolError);
    });
  }
  assert.deepEqual(path.upstream.requests, []);
  assertNobodyDied(path);
});

Deno.test("20 22 25 26 27 28 31 36 over HTTP/2 headers cross as over HTTP/1.1, cookies as one line", async () => {
  await using path = await Path.start();
  path.upstream.handler = (exchange) =>
    exchange.respond({
      headers: [
        ["Connection", "X-Hop"],
        ["X-Hop", "1"],
        ["Keep-Alive", "a"],
        ["Trailer", "X-Sum"],
        ["Set-Cookie", "a=1"],
        ["Vary", "a"],
        ["Vary", "b"],
        ["Set-Cookie", "b=2"],
        ["X-Bytes", "caf\xe9"],
      ],
    });
  const response = await path.send(head(
    "GET",
    "/",
    ["te", "trailers"],
    ["trailer", "x-sum"],
    ["x-z", "caf\xe9"],
    ["cookie", "a=1"],
    ["x-a", "1"],
    ["x-api-key", CLIENT_KEY],
    ["cookie", "b=2"],
    ["x-a", "2"],
    ["expect", "100-continue"],
  ));
  assert.deepEqual(response.headers.filter(([name]) => name !== "date"), [
    [":status", "200"],
    ["content-length", "0"],
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
    ["vary", "a, b"],
    ["x-bytes", "caf\xe9"],
  ]);
  const received = await path.upstream.nextRequest();
  assert.deepEqual(received.headers.filter(([name]) => !ALWAYS.includes(name)), [
    ["cookie", "a=1; b=2"],
    ["expect", "100-continue"],
    ["x-a", "1, 2"],
    ["x-z", "caf\xe9"],
    ["x-api-key", UPSTREAM_KEY],
  ]);
});

Deno.test("30 over HTTP/2 a head of 12 KiB crosses, and one over 16 KiB is a 431", async () => {
  await using path = await Path.start();
  const padded = (bytes: number) => head("GET", "/", ["x-a", "a".repeat(bytes)]);
  assert.equal((await path.send(padded(12 * 1024))).status, 200);
  assert.equal((await path.send(padded(16 * 1024))).status, 431);
  const many = Array.from({ length: 1_000 }, (_, n): [string, string] => [`x-${n}`, "a"]);
  assert.equal((await path.send(head("GET", "/", ...many))).status, 431);
  assert.equal(path.upstream.requests.length, 1);
});

Deno.test("44 45 over HTTP/2 a body crosses with its length, or chunked where none was told", async (t) => {
  await using path = await Path.start();
  const length: HeaderList = [["content-length", "3"]];
  const chunked: HeaderList = [["transfer-encoding", "chunked"]];
  const cases: [name: string, headers: HeaderList, body: string | undefined, sent: HeaderList][] = [
    ["with a length", head("POST", "/", ...length), "abc", length],
    ["without", head("POST", "/"), "abc", chunked],
    ["without, beside Host", head("POST", "/", ["host", "h"]), "abc", chunked],
    ["DELETE with one", head("DELETE", "/"), "abc", chunked],
    ["DELETE with none", head("DELETE", "/"), undefined, []],
    ["OPTIONS with none", head("OPTIONS", "/", ["host", "h"]), undefined, []],
    ["POST with none", head("POST", "/"), undefined, [["content-length", "0"]]],
    ["POST with an empty one", head("POST", "/"), "", [["content-length", "0"]]],
  ];
  for (const [name, headers, body, sent] of cases) {
    await t.step(name, async () => {
      assert.equal((await path.send(headers, body)).status, 200);
      const received = await path.upstream.nextRequest();
      assert.deepEqual(
        received.headers.filter(([name]) => /^(content-length|transfer-encoding)$/.test(name)),
        sent,
      );
      assert.equal(received.bodyText, body ?? "");
    });
  }
  await t.step("of many pieces, without a length", async () => {
    using client = await path.connect();
    const stream = await client.request(head("POST", "/"), null);
    const pieces = Array.from({ length: 50 }, (_, n) => String(n).repeat(100));
    for (const piece of pieces) await client.writeData(stream, piece);
    await client.writeData(stream, "", true);
    assert.equal((await client.readResponse(stream)).status, 200);
    assert.equal((await path.upstream.nextRequest()).bodyText, pieces.join(""));
  });
});

Deno.test("38 46 over HTTP/2 a body unlike its content-length never ends cleanly upstream", async (t) => {
  await using path = await Path.start();
  path.upstream.handler = async (exchange) => {
    const { ended } = await exchange.readBody();
    if (ended === "complete") await exchange.respond();
  };
  for (const [length, body] of [["5", "abc"], ["2", "abc"], ["0", "abc"], ["5", undefined]]) {
    await t.step(`${length} for ${body}`, async () => {
      const headers = head("POST", "/", ["content-length", length ?? ""]);
      const { status, ended, errorCode } = await path.send(headers, body);
      assert.equal(status, undefined);
      assert.ok(ended === "reset" || ended === "goaway", ended);
      assert.equal(errorCode, ERROR_CODE.protocolError);
    });
  }
  await t.step("two of them", async () => {
    const lengths: HeaderList = [["content-length", "3"], ["content-length", "4"]];
    assertOwnRefusal(await path.send(head("POST", "/", ...lengths), "abc"), 400);
  });
  for (const request of path.upstream.requests) {
    assert.equal(await request.whenBodyEnded(), "cut");
  }
});

for (const announced of [true, false]) {
  for (const [departure, code] of Object.entries({ ...ERROR_CODE, close: undefined })) {
    const upload = `an upload ${announced ? "with" : "without"} a length`;
    Deno.test(`46 over HTTP/2 ${upload} that ${departure} cuts is cut upstream too`, async () => {
      await using path = await Path.start();
      const arrived = Promise.withResolvers<void>();
      path.upstream.handler = async (exchange) => {
        while (exchange.request.bodyText !== "abc" && await exchange.readBodySome());
        arrived.resolve();
        await exchange.readBody();
      };
      using client = await path.connect();
      const length: HeaderList = announced ? [["content-length", "10"]] : [];
      const stream = await client.request(head("POST", "/", ...length), null);
      await client.writeData(stream, "abc");
      await arrived.promise;
      if (code === undefined) client.close();
      else await client.resetStream(stream, code);
      const received = await path.upstream.nextRequest();
      assert.equal(await received.whenBodyEnded(), "cut");
      await path.proxy.process.waitForLine(/msg=request .* status=499 .*aborted=client/);
    });
  }
}

Deno.test("47 over HTTP/2 a GET's body is refused where it is announced, and dropped where it is not", async () => {
  await using path = await Path.start();
  for (const method of ["GET", "HEAD"]) {
    const announced = head(method, "/", ["content-length", "3"]);
    assertOwnRefusal(await path.send(announced, "abc"), 400);
    assert.equal((await path.send(head(method, "/"), "abc")).status, 200);
    const received = await path.upstream.nextRequest();
    assert.deepEqual([received.method, received.bodyText], [method, ""]);
  }
});

Deno.test("48 49 50 52 over HTTP/2 responses have the upstream's length, and no trailers and 1xx", async (t) => {
  await using path = await Path.start();
  const cases: [name: string, method: string, bytes: string, length: string[], body: string][] = [
    ["48 HEAD, a length", "HEAD", `${OK}Content-Length: 5\r\n\r\n`, ["5"], ""],
    ["48 HEAD, chunked", "HEAD", `${OK}Transfer-Encoding: chunked\r\n\r\n`, [], ""],
    ["49 204", "GET", "HTTP/1.1 204 N\r\n\r\n", [], ""],
    ["49 304 with a length", "GET", "HTTP/1.1 304 N\r\nContent-Length: 5\r\n\r\n", ["5"], ""],
    ["50 103", "GET", `HTTP/1.1 103 E\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`, ["2"], "ok"],
    [
      "52 trailers",
      "GET",
      `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n`,
      [],
      "ok",
    ],
  ];
  for (const [name, method, bytes, length, body] of cases) {
    await t.step(name, async () => {
      path.upstream.handler = (exchange) => exchange.write(bytes);
      const response = await path.send(head(method, "/"));
      assert.equal(response.ended, "complete");
      assert.deepEqual(headerValues(response.headers, "content-length"), length);
      assert.deepEqual(headerValues(response.headers, "transfer-encoding"), []);
      assert.equal(bodyText(response), body);
      assert.deepEqual(response.trailers, []);
    });
  }
});

Deno.test("52 over HTTP/2 the trailers of a request are lost, and its body is not", async () => {
  await using path = await Path.start();
  using client = await path.connect();
  const stream = await client.request(head("POST", "/"), null);
  await client.writeData(stream, "abc");
  await client.writeTrailers(stream, [["x-sum", "1"], ["x-api-key", CLIENT_KEY]]);
  assert.equal((await client.readResponse(stream)).status, 200);
  const received = await path.upstream.nextRequest();
  assert.equal(received.bodyText, "abc");
  assert.deepEqual([received.trailers, received.values("x-api-key")], [[], []]);
});

Deno.test("54 over HTTP/2 a response that the upstream breaks off is reset", async (t) => {
  await using path = await Path.start();
  const framings = ["Content-Length: 5\r\n\r\nok", "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"];
  for (const framed of framings) {
    await t.step(framed.slice(0, 17), async () => {
      path.upstream.handler = async (exchange) => {
        await exchange.write(OK + framed);
        exchange.close();
      };
      const { ended, errorCode } = await path.send(head("GET", "/"));
      assert.deepEqual([ended, errorCode], ["reset", ERROR_CODE.internalError]);
    });
  }
});

Deno.test("56 over HTTP/2 a body over max_request_body is a 413, announced or counted", async () => {
  await using path = await Path.start(["--max-request-body", "10"]);
  const long = "x".repeat(11);
  const announced = head("POST", "/", ["content-length", "11"]);
  assert.equal((await path.send(announced, long)).status, 413);
  assert.equal((await path.send(head("POST", "/"), long)).status, 413);
  assert.equal((await path.send(head("POST", "/"), "x".repeat(10))).status, 200);
  assert.equal(path.upstream.requests.at(-1)?.bodyText, "x".repeat(10));
});

Deno.test("57 58 over HTTP/2 events arrive as they are sent", async () => {
  const turn = Promise.withResolvers<void>();
  await using path = await Path.start();
  path.upstream.handler = async (exchange) => {
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    await exchange.writeChunk("data: 1\n");
    await turn.promise;
    await exchange.writeChunk("\n");
    await exchange.writeChunk();
  };
  using client = await path.connect();
  const stream = await client.request(head("GET", "/"));
  assert.equal(latin1Text(await client.readData(stream)), "data: 1\n");
  turn.resolve();
  assert.equal(bodyText(await client.readResponse(stream)), "\n");
});

Deno.test("1 44 over plain TCP HTTP/2 is spoken with prior knowledge", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  using client = await RawHttp2Client.connect({ port: proxy.port });
  const response = await client.readResponse(await client.request(head("POST", "/%2F?"), "abc"));
  assert.equal(response.status, 200);
  const received = await upstream.nextRequest();
  assert.deepEqual([received.target, received.bodyText], ["/%2F?", "abc"]);
});
