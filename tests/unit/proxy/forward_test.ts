import assert from "node:assert/strict";
import { RequestBody } from "../../../src/proxy/body.ts";
import type { Failed, Failure } from "../../../src/proxy/failure.ts";
import { type Answered, forward } from "../../../src/proxy/forward.ts";
import { Transport, type TransportConfig } from "../../../src/upstreams/transport.ts";
import { RawClient } from "../../kit/http1/raw_client.ts";
import { type Handler, RawUpstream } from "../../kit/http1/raw_upstream.ts";
import { openBlackHole } from "../../kit/servers/black_hole.ts";
import { makeAuthority } from "../../kit/tls/certificate_authority.ts";

const CONFIG: TransportConfig = {
  baseUrl: "http://upstream.invalid",
  connectTimeoutMs: 10_000,
  headerTimeoutMs: 10_000,
  idleTimeoutMs: undefined,
  http2: false,
  tls: { caCerts: [] },
  proxy: undefined,
  isWayKnown: true,
};

/** Sends a request on, as it is, to an upstream. */
async function sent(
  request: Request,
  url: string,
  { maxBytes, ...config }: Partial<TransportConfig> & { maxBytes?: number } = {},
): Promise<Answered | Failed> {
  const transport = new Transport({ ...CONFIG, baseUrl: url, ...config });
  try {
    const body = new RequestBody(request, maxBytes);
    const headers: [string, string][] = [["accept-encoding", "identity"]];
    return await forward({ request, url, headers, body }, transport);
  } finally {
    transport.client.close();
    transport.unpooledClient.close();
  }
}

function post(body: BodyInit = "{}", signal?: AbortSignal): Request {
  const headers = typeof body === "string" ? { "content-length": `${body.length}` } : undefined;
  return new Request("http://proxy/v1/messages", {
    method: "POST",
    body,
    ...(headers && { headers }),
    ...(signal && { signal }),
  });
}

function failureOf(outcome: Answered | Failed): Failed {
  return "failure" in outcome ? outcome : assert.fail(`answered ${outcome.response.status}`);
}

/** Asserts what failed, how far it came, and what the words say of it. */
function assertFailed(
  outcome: Answered | Failed,
  kind: Failure["kind"],
  phase: Failed["phase"],
  words?: RegExp,
): void {
  const { failure, phase: reached } = failureOf(outcome);
  assert.deepEqual([failure.kind, reached], [kind, phase]);
  const said = "words" in failure ? failure.words : "fault" in failure ? failure.fault : "";
  if (words !== undefined) assert.match(said, words);
}

/** Runs something with an upstream that answers as told. */
async function withUpstream(
  handler: Handler,
  run: (upstream: RawUpstream) => Promise<void>,
): Promise<void> {
  await using upstream = RawUpstream.start(handler);
  await run(upstream);
}

Deno.test("a response is returned as it is: a redirect is not followed, its body not read", async () => {
  await withUpstream(async (exchange) => {
    await exchange.readBody();
    await exchange.respond({ status: 307, headers: [["Location", "/elsewhere"]], body: "moved" });
  }, async (upstream) => {
    const outcome = await sent(post(), `${upstream.url}/v1/messages?beta=true`);
    const { response } = "response" in outcome ? outcome : assert.fail(outcome.failure.kind);
    assert.equal(response.status, 307);
    assert.equal(response.bodyUsed, false);
    assert.equal(await response.text(), "moved");
    const received = await upstream.nextRequest();
    assert.equal(received.startLine, "POST /v1/messages?beta=true HTTP/1.1");
    assert.equal(received.bodyText, "{}");
    assert.deepEqual(received.values("content-length"), ["2"]);
  });
});

Deno.test("a refused connection: nothing was sent", async () => {
  const upstream = RawUpstream.start();
  await upstream[Symbol.asyncDispose]();
  assertFailed(
    await sent(post(), upstream.url),
    "unreachable",
    "connect",
    /^client error.*refused/,
  );
});

Deno.test("a name that cannot be resolved: nothing was sent", async () => {
  const outcome = await sent(post(), "http://nowhere.invalid/?key=secret");
  assertFailed(outcome, "unreachable", "connect", /^client error \(Connect\): dns error/);
  assert.ok(!JSON.stringify(outcome).includes("secret"), "the words tell the URL");
});

Deno.test("a TLS handshake that fails: nothing was sent", async (t) => {
  await t.step("for want of an answer", async () => {
    await using upstream = RawUpstream.start((exchange) => exchange.close());
    const outcome = await sent(post(), upstream.url.replace("http:", "https:"));
    assertFailed(outcome, "unreachable", "connect");
    upstream.violations.length = 0; // A ClientHello is no HTTP request, as it should be.
  });
  await t.step("for a certificate nobody vouches for", async () => {
    const stranger = await (await makeAuthority("Another authority")).issue("upstream");
    await using upstream = RawUpstream.start(undefined, { tls: stranger });
    assertFailed(
      await sent(post(), upstream.url),
      "unreachable",
      "connect",
      /invalid peer certificate: UnknownIssuer/,
    );
    upstream.violations.length = 0; // The handshake is broken off, as it must be.
  });
});

Deno.test("a forward proxy that refuses to connect: nothing was sent", async () => {
  await withUpstream((exchange) => exchange.respond({ status: 403 }), async (forwardProxy) => {
    const proxy = { url: forwardProxy.url, forRequests: true };
    const outcome = await sent(post(), "https://upstream.invalid", { proxy });
    assertFailed(outcome, "unreachable", "connect", /^client error \(Connect\)/);
    assert.match((await forwardProxy.nextRequest()).startLine, /^CONNECT upstream\.invalid:443 /);
  });
});

/** How an exchange ends when the upstream has the request: the upstream may have carried it out. */
const BROKEN: [what: string, handler: Handler, words: RegExp][] = [
  [
    "a connection closed before the head",
    (exchange) => exchange.close(),
    /^client error \(SendRequest\)/,
  ],
  [
    "a connection reset before the head",
    (exchange) => exchange.reset(),
    /^(client error \(SendRequest\)|Connection reset by peer)/,
  ],
  [
    "a head that breaks off",
    async (exchange) => {
      await exchange.write("HTTP/1.1 200 OK\r\nX-A:");
      exchange.close();
    },
    /^client error \(SendRequest\)/,
  ],
  ["an answer that is no HTTP", (exchange) => exchange.write("220 mail ready\r\n\r\n"), /invalid/],
  [
    "a head past the runtime's limit",
    (exchange) => exchange.write(`HTTP/1.1 200 OK\r\nX-A: ${"a".repeat(700_000)}\r\n\r\n`),
    /message head is too large/,
  ],
];

for (const [what, end, words] of BROKEN) {
  Deno.test(`${what}: something was sent`, async () => {
    await withUpstream(async (exchange) => {
      await exchange.readBody();
      await end(exchange);
    }, async (upstream) => {
      assertFailed(await sent(post(), upstream.url), "unreachable", "sent", words);
      assert.equal(upstream.requests.length, 1, "the POST was sent again");
    });
  });
}

const UNFORWARDABLE: [head: string, fault: string][] = [
  ["101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x", "status 101"],
  ["205 Reset Content\r\nContent-Length: 0", "status 205"],
  ["600 Odd\r\nContent-Length: 0", "status 600"],
  ["999 Odd\r\nContent-Length: 0", "status 999"],
  ["200 OK\r\nTransfer-Encoding: gzip, chunked", "transfer-encoding gzip, chunked"],
  [
    "200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
    "both transfer-encoding and content-length",
  ],
];

for (const [head, fault] of UNFORWARDABLE) {
  Deno.test(`an answer with ${fault} cannot be forwarded, and its connection is let go`, async () => {
    await withUpstream(async (exchange) => {
      await exchange.readBody();
      await exchange.write(`HTTP/1.1 ${head}\r\n\r\n`);
      if (fault.startsWith("status")) exchange.close();
      else await exchange.peerClosed();
    }, async (upstream) => {
      const { failure, phase } = failureOf(await sent(post(), upstream.url));
      assert.deepEqual({ failure, phase }, {
        failure: { kind: "unforwardable", fault },
        phase: "sent",
      });
    });
  });
}

Deno.test("headers that take too long: the upstream hears that nobody waits", async () => {
  await withUpstream((exchange) => exchange.peerClosed().then(() => {}), async (upstream) => {
    assertFailed(await sent(post(), upstream.url, { headerTimeoutMs: 50 }), "overdue", "sent");
    await upstream.connectionClosed(1);
  });
});

Deno.test("an upstream that takes no connection: something may have been sent", async () => {
  using hole = await openBlackHole();
  const started = performance.now();
  const outcome = await sent(post(), hole.url, { connectTimeoutMs: 50 });
  assertFailed(outcome, "unreachable", "sent", /^no connection within upstream_connect_timeout$/);
  assert.ok(performance.now() - started >= 100, "a limit each for the request and for the probe");
});

Deno.test("an answer that comes while the probe runs is not cut off when that fails", async () => {
  // The probe goes to a black hole, the request does not: the worst that can come together.
  using hole = await openBlackHole();
  const limit = 500;
  const after = (milliseconds: number) =>
    new Promise((resolve) => setTimeout(resolve, milliseconds));
  await withUpstream(async (exchange) => {
    await exchange.readBody();
    await after(1.2 * limit); // The probe runs from the limit on, for as long again.
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    await after(1.2 * limit);
    await exchange.writeChunk("whole");
    await exchange.writeChunk();
  }, async (upstream) => {
    const options = { baseUrl: hole.url, connectTimeoutMs: limit };
    const outcome = await sent(post(), upstream.url, options);
    const { response } = "response" in outcome ? outcome : assert.fail(outcome.failure.kind);
    assert.equal(await response.text(), "whole");
  });
});

Deno.test("a client that leaves before the answer: the upstream hears that nobody waits", async () => {
  await withUpstream((exchange) => exchange.peerClosed().then(() => {}), async (upstream) => {
    const client = new AbortController();
    const outcome = sent(post("{}", client.signal), upstream.url);
    await (await upstream.nextRequest()).whenBodyEnded();
    client.abort();
    assertFailed(await outcome, "client_left", "sent");
    await upstream.connectionClosed(1);
  });
});

Deno.test("a body over the limit is cut off on its way", async () => {
  await withUpstream(async (exchange) => void await exchange.readBody(), async (upstream) => {
    const body = ReadableStream.from([new Uint8Array(6), new Uint8Array(5)]);
    const request = post(body);
    request.headers.set("transfer-encoding", "chunked");
    const { failure } = failureOf(await sent(request, upstream.url, { maxBytes: 10 }));
    assert.deepEqual(failure, { kind: "body_too_large", maxBytes: 10 });
  });
});

/** What `Deno.serve` says of a broken body it alone can say, so it stands in front here. */
const BROKEN_BODIES: [what: string, begun: string, end: (client: RawClient) => Promise<void>][] = [
  [
    "a client that leaves inside its body",
    "Content-Length: 10\r\n\r\nabc",
    (client) => client.closeWrite(),
  ],
  [
    "malformed chunks",
    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    (client) => client.write("zz\r\n"),
  ],
];

for (const [what, begun, end] of BROKEN_BODIES) {
  Deno.test(`${what}: the fault is not the upstream's`, async () => {
    await withUpstream(async (exchange) => void await exchange.readBody(), async (upstream) => {
      const outcome = Promise.withResolvers<Answered | Failed>();
      const listen = { hostname: "127.0.0.1", port: 0, onListen() {} };
      await using server = Deno.serve(listen, async (request) => {
        outcome.resolve(sent(request, upstream.url));
        await outcome.promise;
        return new Response();
      });
      using client = await RawClient.connect({ port: server.addr.port });
      await client.write(`POST / HTTP/1.1\r\nHost: proxy\r\n${begun}`);
      const received = await upstream.nextRequest();
      await end(client);
      assertFailed(await outcome.promise, "body_broken", "sent", /./);
      assert.equal(await received.whenBodyEnded(), "cut");
    });
  });
}
