import assert from "node:assert/strict";
import { latin1Text } from "../../kit/http1/bytes.ts";
import { formatRequest, RawClient, request } from "../../kit/http1/raw_client.ts";
import { RawUpstream } from "../../kit/http1/raw_upstream.ts";

Deno.test("a request arrives as it was written, and the default answer is 200 ok", async () => {
  await using upstream = RawUpstream.start();
  const response = await request({
    port: upstream.port,
    method: "POST",
    target: "/v1/../x?",
    headers: [["HOST", "a"], ["x-B", "\xe9"], ["X-b", "2"], ["Content-Length", "3"]],
    body: "\x00\xff!",
  });
  assert.deepEqual([response.status, latin1Text(response.bytes)], [200, "ok"]);
  assert.equal(response.ended, "complete");
  const received = await upstream.nextRequest();
  assert.deepEqual([received.method, received.target], ["POST", "/v1/../x?"]);
  assert.deepEqual(received.headers.slice(0, 3), [["HOST", "a"], ["x-B", "\xe9"], ["X-b", "2"]]);
  assert.equal(received.bodyText, "\x00\xff!");
  assert.deepEqual([received.ended, received.chunked], ["complete", false]);
  assert.match(latin1Text(received.rawHead), /^POST .*\r\n\r\n$/s);
});

Deno.test("a connection is kept, pipelined requests are answered in order", async () => {
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.respond({ body: exchange.request.target });
  });
  using client = await RawClient.connect({ port: upstream.port });
  await client.write("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  const first = await client.readResponse({ pipelined: true });
  const second = await client.readResponse();
  assert.deepEqual([first, second].map(({ bytes }) => latin1Text(bytes)), ["/1", "/2"]);
  assert.deepEqual(upstream.requests.map(({ connectionId }) => connectionId), [1, 1]);
  assert.equal(upstream.connectionCount, 1);
});

Deno.test("chunked bodies and trailers cross in both directions", async () => {
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    await exchange.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    await exchange.writeChunk("hello");
    await exchange.write("0\r\nX-T: 1\r\n\r\n");
  });
  const response = await request({
    port: upstream.port,
    method: "POST",
    headers: [["Host", "a"], ["Transfer-Encoding", "chunked"]],
    body: "3\r\nabc\r\n2\r\nde\r\n0\r\nx-r: 2\r\n\r\n",
  });
  assert.deepEqual([latin1Text(response.bytes), response.chunkSizes], ["hello", [5]]);
  assert.deepEqual(response.trailers, [["X-T", "1"]]);
  const [received] = upstream.requests;
  assert.deepEqual([received?.bodyText, received?.chunked], ["abcde", true]);
  assert.deepEqual(received?.trailers, [["x-r", "2"]]);
});

Deno.test("a handler sees the head before the body, and the body piece by piece", async () => {
  const pieces: string[] = [];
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.write("HTTP/1.1 100 Continue\r\n\r\n");
    for (let piece; (piece = await exchange.readBodySome());) pieces.push(latin1Text(piece.bytes));
    await exchange.respond({ status: 529, reason: "Overloaded" });
  });
  using client = await RawClient.connect({ port: upstream.port });
  await client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
  assert.equal((await client.readHead()).status, 100);
  assert.equal((await upstream.nextRequest()).ended, undefined);
  await client.write("body");
  assert.equal((await client.readResponse()).status, 529);
  assert.equal(pieces.join(""), "body");
});

Deno.test("interim responses stand before the final one", async () => {
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.write("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    await exchange.respond();
  });
  const { interim, status } = await request({ port: upstream.port });
  assert.deepEqual([interim.map((head) => head.status), status], [[103], 200]);
});

Deno.test("a HEAD response announces a length and has no body", async () => {
  await using upstream = RawUpstream.start((exchange) => exchange.respond({ body: "four" }));
  const { headers, bytes } = await request({ port: upstream.port, method: "HEAD" });
  assert.deepEqual([headers, bytes.length], [[["content-length", "4"]], 0]);
});

const endings: [string, string, "close" | "reset", string][] = [
  ["a body without a length, closed", "HTTP/1.1 200 OK\r\n\r\nabc", "close", "closed"],
  ["a body without a length, reset", "HTTP/1.1 200 OK\r\n\r\nabc", "reset", "cut"],
  ["a short body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "close", "cut"],
  ["a whole body", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "close", "complete"],
  [
    "a chunked body without its last chunk",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "reset",
    "cut",
  ],
];
for (const [name, wire, how, ended] of endings) {
  Deno.test(`${name} is ${ended}`, async () => {
    const read = Promise.withResolvers<void>();
    await using upstream = RawUpstream.start(async (exchange) => {
      await exchange.write(wire);
      await read.promise; // A reset may take back what the client has not read.
      exchange[how]();
    });
    using client = await RawClient.connect({ port: upstream.port });
    await client.write(formatRequest({}));
    const body = client.bodyOf(await client.readHead());
    assert.equal(latin1Text((await body.readSome())?.bytes ?? new Uint8Array()), "abc".slice(0, 3));
    read.resolve();
    assert.equal((await body.readAll()).ended, ended);
  });
}

for (
  const [name, wire] of [
    ["bytes after its body", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"],
    ["a malformed chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz"],
    ["a malformed field", "HTTP/1.1 200 OK\r\na b: c\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"],
  ] as const
) {
  Deno.test(`a response with ${name} fails the client`, async () => {
    await using upstream = RawUpstream.start((exchange) => exchange.write(wire));
    await assert.rejects(request({ port: upstream.port }), Deno.errors.InvalidData);
  });
}

Deno.test("a deadline at the client tells what was received and loses no byte", async () => {
  const go = Promise.withResolvers<void>();
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.write("HTTP/1.1 200 ");
    await go.promise;
    await exchange.write("OK\r\ncontent-length: 0\r\n\r\n");
  });
  using client = await RawClient.connect({ port: upstream.port });
  await client.write(formatRequest({}));
  await assert.rejects(client.readHead(50), (error: Error) => {
    assert.match(error.message, /a response head, received so far: \d+ bytes "(HTTP\/1.1 200 )?"/);
    return error instanceof Deno.errors.TimedOut;
  });
  go.resolve();
  assert.equal((await client.readResponse()).status, 200);
});

Deno.test("the upstream tells a client's FIN from its RST", async () => {
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.peerClosed();
  });
  for (const [id, how, end] of [[1, "close", "fin"], [2, "reset", "reset"]] as const) {
    const client = await RawClient.connect({ port: upstream.port });
    await client.write(formatRequest({}));
    await upstream.nextRequest();
    client[how]();
    assert.equal(await upstream.connectionClosed(id), end);
  }
  await upstream.allConnectionsClosed();
});

Deno.test("an upload cut in its middle is recorded as cut, and is no violation", async () => {
  await using upstream = RawUpstream.start();
  const client = await RawClient.connect({ port: upstream.port });
  await client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  client.close();
  const received = await upstream.nextRequest();
  assert.equal(await received.whenBodyEnded(), "cut");
  assert.equal(received.bodyText, "abc");
});

Deno.test("a client that ends only its sending side is still answered", async () => {
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.peerClosed();
    await exchange.respond();
  });
  using client = await RawClient.connect({ port: upstream.port });
  await client.write(formatRequest({}));
  await client.closeWrite();
  assert.equal((await client.readResponse()).status, 200);
  assert.equal(await client.expectEnd(), "fin");
});

Deno.test("a reader that stops holds the writer back, and then gets every byte", async () => {
  const size = 32 * 1024 * 1024;
  const held = Promise.withResolvers<number>();
  await using upstream = RawUpstream.start(async (exchange) => {
    const writing = exchange.respond({ body: new Uint8Array(size) }, 60_000);
    await assert.rejects(exchange.write("", 200), Deno.errors.TimedOut);
    held.resolve(exchange.bytesWritten);
    await writing;
  });
  using client = await RawClient.connect({ port: upstream.port });
  await client.write(formatRequest({}));
  assert.ok(await held.promise < size);
  assert.equal((await client.readResponse({ deadlineMs: 60_000 })).bytes.length, size);
});

const violations: [string, string, RegExp][] = [
  ["a malformed head", "GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n", /expected a request line/],
  ["garbage after a request", "GET / HTTP/1.1\r\nHost: a\r\n\r\nabc\r\n\r\n", /request line/],
  ["a head without Host", "GET / HTTP/1.1\r\n\r\n", /exactly one Host/],
  [
    "a malformed chunk",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    /a chunk size/,
  ],
];
for (const [name, wire, pattern] of violations) {
  Deno.test(`${name} is a violation: the connection closes and disposing fails`, async () => {
    const upstream = RawUpstream.start();
    using client = await RawClient.connect({ port: upstream.port });
    await client.write(wire);
    await client.readToEnd();
    assert.match(upstream.violations.join(), pattern);
    await assert.rejects(() => upstream[Symbol.asyncDispose](), pattern);
  });
}

Deno.test("a head cut in its middle is a violation", async () => {
  const upstream = RawUpstream.start();
  const client = await RawClient.connect({ port: upstream.port });
  await client.write("GET / HT");
  client.close();
  await upstream.connectionClosed(1);
  await assert.rejects(() => upstream[Symbol.asyncDispose](), /ended \(fin\) after 8 bytes/);
});

Deno.test("a handler that fails or does not answer is a violation", async () => {
  const handlers = [() => {}, () => Promise.reject(new RangeError("handler"))];
  for (const [index, pattern] of [/did not answer GET/, /RangeError: handler/].entries()) {
    const upstream = RawUpstream.start(handlers[index]);
    await assert.rejects(request({ port: upstream.port }), Deno.errors.UnexpectedEof);
    await assert.rejects(() => upstream[Symbol.asyncDispose](), pattern);
  }
});

Deno.test("a wait for a request that does not come tells what did", async () => {
  await using upstream = RawUpstream.start();
  await request({ port: upstream.port });
  await upstream.nextRequest();
  await assert.rejects(
    upstream.nextRequest(5),
    /request 2, received so far on 1 connections .*"1: GET \/ HTTP\/1.1"/,
  );
});

Deno.test("an upstream that stopped listening refuses, and keeps its port's name", async () => {
  await using upstream = RawUpstream.start();
  const { port } = upstream;
  await upstream.stopListening();
  await assert.rejects(RawClient.connect({ port }), Deno.errors.ConnectionRefused);
  assert.equal(upstream.port, port);
});

Deno.test("raw bytes cross after an upgrade", async () => {
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n");
    await exchange.write((await exchange.readSome())?.bytes ?? "");
    exchange.close();
  });
  using client = await RawClient.connect({ port: upstream.port });
  await client.write(formatRequest({}));
  assert.equal((await client.readResponse()).status, 101);
  await client.write("echo");
  assert.equal(latin1Text(await client.readToEnd()), "echo");
});
