import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Exchange } from "../kit/http1/exchange.ts";
import { type HeaderList, headerValues } from "../kit/http1/message_head.ts";
import { CLIENT_KEY, ProxyProcess, UPSTREAM_KEY } from "../kit/process/proxy_process.ts";
import { formatRequest, RawClient, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; // RFC 6455 §1.3
const TARGET = "/openai/v1/realtime?model=gpt%2Frealtime&x";
const TEXT_HELLO = "\x81\x05hello"; // RFC 6455 §5.7

const handshake = (headers: HeaderList, target = TARGET) =>
  formatRequest({
    target,
    headers: [
      ["Host", "localhost"],
      ["Upgrade", "websocket"],
      ["Connection", "keep-alive, Upgrade"],
      ["Sec-WebSocket-Version", "13"],
      ["Sec-WebSocket-Key", KEY],
      ...headers,
    ],
  });

/** Accepts the handshake, says hello, and waits for the client to leave. */
async function accept(exchange: Exchange, headers: HeaderList = []): Promise<void> {
  const [key = ""] = exchange.request.values("sec-websocket-key");
  const proof = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  await exchange.respond({
    status: 101,
    reason: "Switching Protocols",
    headers: [
      ["Upgrade", "websocket"],
      ["Connection", "Upgrade"],
      ["Sec-WebSocket-Accept", proof.digest("base64")],
      ...headers,
    ],
  });
  await exchange.write(TEXT_HELLO);
  while (await exchange.readSome());
}

const key: HeaderList = [["Authorization", `Bearer ${CLIENT_KEY}`]];

Deno.test("82 a handshake reaches the upstream with its headers, its query and our credentials", async () => {
  await using upstream = RawUpstream.start((exchange) =>
    accept(exchange, [
      ["Sec-WebSocket-Protocol", "realtime"],
      ["x-request-id", "req_1"],
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
    ])
  );
  await using proxy = await ProxyProcess.start({
    upstreamUrl: `${upstream.url}/base`,
    args: ["--upstream-auth-header", "authorization"],
  });
  using client = await RawClient.connect({ port: proxy.port });
  await client.write(handshake([
    ...key,
    ["OpenAI-Beta", "realtime=v1"],
    ["User-Agent", "client/1"],
    ["Accept-Encoding", "gzip"],
    ["X-Forwarded-For", "10.0.0.1"],
    ["Sec-WebSocket-Extensions", "permessage-deflate"],
    ["Sec-WebSocket-Protocol", `realtime,openai-insecure-api-key.${CLIENT_KEY}, openai-beta.v1`],
  ]));
  const head = await client.readHead();
  assert.equal(head.status, 101);
  assert.deepEqual(headerValues(head.headers, "sec-websocket-accept"), [ACCEPT]);
  assert.deepEqual(headerValues(head.headers, "sec-websocket-protocol"), ["realtime"]);
  assert.deepEqual(headerValues(head.headers, "sec-websocket-extensions"), []);
  assert.deepEqual(headerValues(head.headers, "x-request-id"), ["req_1"]);
  assert.deepEqual(headerValues(head.headers, "set-cookie"), ["a=1", "b=2"]);
  assert.equal(new TextDecoder("latin1").decode((await client.readSome())?.bytes), TEXT_HELLO);

  const received = await upstream.nextRequest();
  assert.equal(received.target, `/base${TARGET}`);
  assert.deepEqual(received.headers.toSorted(), [
    ["accept-encoding", "gzip"],
    ["authorization", `Bearer ${UPSTREAM_KEY}`],
    ["connection", "Upgrade"],
    ["host", `127.0.0.1:${upstream.port}`],
    ["openai-beta", "realtime=v1"],
    ["sec-websocket-key", KEY],
    ["sec-websocket-protocol", "realtime, openai-beta.v1"],
    ["sec-websocket-version", "13"],
    ["upgrade", "websocket"],
    ["user-agent", "client/1"],
  ]);
});

const IN_PROTOCOL = (value: string): [string, string] => [
  "Sec-WebSocket-Protocol",
  `realtime, openai-insecure-api-key.${value}`,
];

/** What a client presents, and the headers the upstream then finds our key in. */
const PRESENTED: [name: string, headers: HeaderList, upstream: string[] | 401][] = [
  ["x-api-key", [["x-api-key", CLIENT_KEY]], ["x-api-key"]],
  ["api-key", [["api-key", CLIENT_KEY]], ["api-key"]],
  ["a bearer token", key, ["authorization"]],
  ["a subprotocol", [IN_PROTOCOL(CLIENT_KEY)], ["authorization"]],
  ["a subprotocol, and a wrong bearer token", [
    IN_PROTOCOL(CLIENT_KEY),
    ["Authorization", "Bearer wrong"],
  ], ["authorization"]],
  ["a subprotocol in other letters", [
    ["Sec-WebSocket-Protocol", `OpenAI-Insecure-API-Key.${CLIENT_KEY}`],
  ], ["authorization"]],
  ["two keys in subprotocols, of which the first is right", [
    ["Sec-WebSocket-Protocol", `openai-insecure-api-key.${CLIENT_KEY}, Openai-insecure-api-key.no`],
  ], ["authorization"]],
  ["nothing", [], []],
  ["a wrong key in a subprotocol", [IN_PROTOCOL("wrong")], 401],
  ["a wrong key in api-key", [["api-key", "wrong"]], 401],
  ["a wrong key in a subprotocol in other letters", [
    ["Sec-WebSocket-Protocol", "OpenAI-Insecure-API-Key.wrong"],
  ], 401],
];

for (const [name, headers, expected] of PRESENTED) {
  Deno.test(`20 22 a WebSocket's client that presents ${name}: ${expected}`, async () => {
    await using upstream = RawUpstream.start((exchange) => accept(exchange));
    await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
    using client = await RawClient.connect({ port: proxy.port });
    await client.write(handshake(headers));
    if (expected === 401) {
      const response = await client.readResponse();
      assert.equal(response.status, 401);
      assert.deepEqual(headerValues(response.headers, "x-claude-proxy-error"), [
        "invalid_client_key",
      ]);
      assert.deepEqual(upstream.requests, []);
      return;
    }
    assert.equal((await client.readHead()).status, 101);
    const received = await upstream.nextRequest();
    const found = received.headers.filter(([, value]) => value.includes(UPSTREAM_KEY));
    assert.deepEqual(found.map(([name]) => name), expected);
    assert.ok(!new TextDecoder("latin1").decode(received.rawHead).includes(CLIENT_KEY));
  });
}

Deno.test('a WebSocket without a key is a 401 where unauthenticated = "reject"', async () => {
  await using upstream = RawUpstream.start((exchange) => accept(exchange));
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--unauthenticated", "reject"],
  });
  using client = await RawClient.connect({ port: proxy.port });
  await client.write(handshake([]));
  assert.equal((await client.readResponse()).status, 401);
  assert.deepEqual(upstream.requests, []);
});

const REFUSALS: [status: number, headers: HeaderList, raw: string, body: string][] = [
  [401, [["Content-Type", "application/json"]], '{"error":"é"}', '{"error":"é"}'],
  [403, [["Transfer-Encoding", "chunked"]], "3\r\nnot\r\n5;x=y\r\n here\r\n0\r\n\r\n", "not here"],
  [404, [], "", ""],
  [426, [["Upgrade", "other"], ["Connection", "Upgrade"]], "", ""],
  [
    429,
    [["Retry-After", "7"]],
    '{"error":{"code":"rate_limit"}}',
    '{"error":{"code":"rate_limit"}}',
  ],
  [307, [["Location", "https://elsewhere.example/"]], "", ""],
  [503, [["Connection", "close"]], "busy", "busy"],
];

Deno.test("81 a refusal by the upstream keeps its status, headers and body, and leaves nothing behind", async () => {
  const refusals = REFUSALS[Symbol.iterator]();
  await using upstream = RawUpstream.start(async (exchange) => {
    const [status = 500, headers = [], body = ""] = refusals.next().value ?? [];
    await exchange.respond({ status, headers, body });
    await exchange.peerClosed();
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  using client = await RawClient.connect({ port: proxy.port });
  for (const [status, headers, , body] of REFUSALS) {
    await client.write(handshake(key));
    const response = await client.readResponse();
    assert.equal(response.status, status);
    assert.equal(new TextDecoder("latin1").decode(response.bytes), body);
    assert.deepEqual(headerValues(response.headers, "x-claude-proxy-error"), []);
    for (const [name, value] of headers) {
      const hopByHop = /^(connection|upgrade|transfer-encoding)$/i.test(name);
      assert.deepEqual(headerValues(response.headers, name), hopByHop ? [] : [value]);
    }
  }
  await upstream.allConnectionsClosed();
});

const BROKEN: [name: string, response: string][] = [
  ["a wrong accept key", "HTTP/1.1 101 x\r\nSec-WebSocket-Accept: x\r\n\r\n"],
  ["no HTTP", "SSH-2.0-OpenSSH\r\n\r\n"],
  [
    "an extension nobody offered",
    `HTTP/1.1 101 x\r\nSec-WebSocket-Accept: ${ACCEPT}\r\nSec-WebSocket-Extensions: e\r\n\r\n`,
  ],
  [
    "a subprotocol nobody offered",
    `HTTP/1.1 101 x\r\nSec-WebSocket-Accept: ${ACCEPT}\r\nSec-WebSocket-Protocol: p\r\n\r\n`,
  ],
  ["a body shorter than announced", "HTTP/1.1 401 x\r\nContent-Length: 9\r\n\r\nshort"],
  ["nothing", ""],
];

for (const [name, response] of BROKEN) {
  Deno.test(`82 ${name} in answer to a handshake is a 502`, async () => {
    await using upstream = RawUpstream.start(async (exchange) => {
      await exchange.write(response);
      exchange.close();
    });
    await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
    using client = await RawClient.connect({ port: proxy.port });
    await client.write(handshake(key));
    const answer = await client.readResponse();
    assert.equal(answer.status, 502);
    assert.deepEqual(headerValues(answer.headers, "x-claude-proxy-error"), [
      "upstream_unreachable",
    ]);
  });
}

Deno.test("an interim response before the 101 is passed over", async () => {
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.write("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    await accept(exchange);
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  using client = await RawClient.connect({ port: proxy.port });
  await client.write(handshake(key));
  assert.equal((await client.readHead()).status, 101);
});

const MALFORMED: [name: string, drop: string, add: HeaderList, status: number][] = [
  ["without a key", "Sec-WebSocket-Key", [], 400],
  ["of version 8", "Sec-WebSocket-Version", [["Sec-WebSocket-Version", "8"]], 426],
  ["without the connection option", "Connection", [["Connection", "keep-alive"]], 400],
];

for (const [name, drop, add, status] of MALFORMED) {
  Deno.test(`82 a handshake ${name} is a ${status}, and nothing reaches the upstream`, async () => {
    await using upstream = RawUpstream.start();
    await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
    const text = new TextDecoder().decode(handshake([...key, ...add]));
    using client = await RawClient.connect({ port: proxy.port });
    await client.write(text.replace(new RegExp(`^${drop}: .*\r\n`, "m"), ""));
    assert.equal((await client.readResponse()).status, status);
    assert.deepEqual(upstream.requests, []);
  });
}

Deno.test("an offer of another protocol than WebSocket is dropped, and the request answered", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const headers: HeaderList = [["Host", "localhost"], ["Upgrade", "h2c"], [
    "Connection",
    "Upgrade",
  ]];
  assert.equal((await request({ port: proxy.port, headers })).status, 200);
  assert.deepEqual((await upstream.nextRequest()).values("upgrade"), []);
});

Deno.test("65 70 an upstream that refuses or is silent is a 502 or a 504 to a handshake too", async () => {
  await using upstream = RawUpstream.start(async (exchange) => void await exchange.peerClosed());
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--upstream-header-timeout", "0.2"],
  });
  using client = await RawClient.connect({ port: proxy.port });
  await client.write(handshake(key));
  assert.equal((await client.readResponse()).status, 504);
  await upstream.allConnectionsClosed();
  upstream.violations.length = 0; // It was given no chance to answer.
  await upstream.stopListening();
  await client.write(handshake(key));
  const refused = await client.readResponse();
  assert.equal(refused.status, 502);
  assert.match(
    new TextDecoder().decode(refused.bytes),
    /The connection to the upstream was refused/,
  );
});

Deno.test("70 an upstream that does not complete TLS is a 504", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: `https://127.0.0.1:${listener.addr.port}`,
    args: ["--upstream-header-timeout", "0.2"],
  });
  using client = await RawClient.connect({ port: proxy.port });
  await client.write(handshake(key));
  using _ = await accepted;
  assert.equal((await client.readResponse()).status, 504);
});

Deno.test("72 a client that leaves during the handshake ends the upstream's connection", async () => {
  await using upstream = RawUpstream.start(async (exchange) => void await exchange.peerClosed());
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  using client = await RawClient.connect({ port: proxy.port });
  await client.write(handshake(key));
  await upstream.nextRequest();
  client.close();
  await upstream.allConnectionsClosed();
});
