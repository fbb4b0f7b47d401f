import assert from "node:assert/strict";
import { Condition } from "../kit/time/condition.ts";
import type { Exchange } from "../kit/http1/exchange.ts";
import { headerValues } from "../kit/http1/message_head.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { formatRequest, RawClient, type RequestParts } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import {
  type Call,
  type Caller,
  HTTP1_TRANSPORTS,
  type ServedProxy,
  TRANSPORTS,
} from "./transports.ts";

const ROUNDS = 20;
/** A reset looks through every connection of the machine, which takes its time. */
const RESET_ROUNDS = 4;
/** One pool, so that every request but the first finds a connection in it. */
const ONE_WORKER = ["--workers", "1"];
const HOST: [string, string] = ["Host", "localhost"];

/** Bodies as clients frame them; the last two announce none, and are POSTs all the same. */
const POSTS: Record<string, Pick<RequestParts, "headers" | "body">> = {
  "with a content-length": { headers: [HOST, ["Content-Length", "5"]], body: "hello" },
  "of 200 kB": { headers: [HOST, ["Content-Length", "200000"]], body: "x".repeat(200_000) },
  chunked: { headers: [HOST, ["Transfer-Encoding", "chunked"]], body: "5\r\nhello\r\n0\r\n\r\n" },
  "with a content-length of 0": { headers: [HOST, ["Content-Length", "0"]] },
  "without a body": { headers: [HOST] },
};

/** When the upstream ends a connection that the proxy holds for the next request. */
const ENDINGS: Record<string, (exchange: Exchange, first: boolean) => Promise<void> | void> = {
  "right after its answer": async (exchange) => {
    await exchange.readBody();
    await exchange.respond();
    exchange.close();
  },
  "with a reset right after its answer": async (exchange) => {
    await exchange.readBody();
    await exchange.respond();
    exchange.reset();
  },
  "when it has the head": async (exchange, first) => {
    if (!first) return exchange.close();
    await exchange.readBody();
    await exchange.respond();
  },
  "with a reset when it has the head": async (exchange, first) => {
    if (!first) return exchange.reset();
    await exchange.readBody();
    await exchange.respond();
  },
  "when it has the body": async (exchange, first) => {
    await exchange.readBody();
    if (!first) return exchange.close();
    await exchange.respond();
  },
};

for (const [when, end] of Object.entries(ENDINGS)) {
  Deno.test(`77 78 no POST is sent twice by an upstream's close ${when}`, async (t) => {
    await using upstream = RawUpstream.start();
    const used = new Set<number>();
    upstream.handler = (exchange) => {
      const first = !used.has(exchange.connectionId);
      used.add(exchange.connectionId);
      return end(exchange, first);
    };
    await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, args: ONE_WORKER });
    for (const [framing, parts] of Object.entries(POSTS)) {
      await t.step(framing, async () => {
        const before = upstream.requests.length;
        const statuses: number[] = [];
        const rounds = when.startsWith("with a reset") ? RESET_ROUNDS : ROUNDS;
        for (let round = 0; round < rounds; round++) {
          const post = formatRequest({ method: "POST", target: `/${round}`, ...parts });
          using client = await RawClient.connect({ port: proxy.port });
          await client.write(post);
          statuses.push((await client.readResponse()).status);
        }
        const received = upstream.requests.slice(before).map(({ target }) => target);
        assert.deepEqual(received, [...new Set(received)], "a POST was sent twice");
        for (const [round, status] of statuses.entries()) {
          assert.ok(status === 200 || status === 502, `status ${status}`);
          if (status === 200) assert.ok(received.includes(`/${round}`));
        }
        assert.ok(statuses.includes(200), "no POST at all got through");
        const length = headerValues(parts.headers ?? [], "content-length");
        if (length.length === 0) return;
        for (const request of upstream.requests.slice(before)) {
          assert.deepEqual(request.values("content-length"), length);
          assert.equal(request.chunked, false);
        }
      });
    }
  });
}

Deno.test("77 a request that finds its pooled connection closed goes out on a new one", async () => {
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    await exchange.respond({ body: String(exchange.connectionId) });
    exchange.close();
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, args: ONE_WORKER });
  using client = await RawClient.connect({ port: proxy.port });
  for (let round = 1; round <= ROUNDS; round++) {
    await client.write(formatRequest({}));
    const { status, bytes } = await client.readResponse();
    assert.equal(status, 200);
    assert.equal(new TextDecoder().decode(bytes), String(round));
    await upstream.connectionClosed(round);
  }
});

for (const transport of HTTP1_TRANSPORTS) {
  Deno.test(`79 pipelined requests are answered in order, each with its own answer, ${transport.name}`, async () => {
    await using upstream = RawUpstream.start(async (exchange) => {
      const { bytes } = await exchange.readBody();
      const { method, target } = exchange.request;
      await exchange.respond({
        headers: [["X-Echo", `${method} ${target}`]],
        body: bytes,
      });
    });
    await using proxy = await transport.start(upstream.url, ONE_WORKER);
    using client = await RawClient.connect(proxy.target);
    const expected: { line: string; body: string }[] = [];
    let pipelined = "";
    for (let index = 0; index < 30; index++) {
      const target = `/${index}`;
      const body = index % 3 === 0 ? "" : `${index} `.repeat(index % 3 === 1 ? 10 : 3_000);
      const chunked = index % 2 === 0;
      const method = body === "" ? "GET" : "POST";
      const framed = chunked ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body;
      const framing: [string, string] = chunked
        ? ["Transfer-Encoding", "chunked"]
        : ["Content-Length", String(body.length)];
      const parts = body === "" ? { headers: [HOST] } : { headers: [HOST, framing], body: framed };
      pipelined += new TextDecoder().decode(formatRequest({ method, target, ...parts }));
      expected.push({ line: `${method} ${target}`, body });
    }
    await client.write(pipelined);
    for (const { line, body } of expected) {
      const response = await client.readResponse({ pipelined: true });
      assert.equal(response.status, 200);
      assert.deepEqual(headerValues(response.headers, "x-echo"), [line]);
      assert.equal(new TextDecoder().decode(response.bytes), body);
    }
    assert.deepEqual(
      upstream.requests.map(({ startLine }) => startLine),
      expected.map(({ line }) => `${line} HTTP/1.1`),
    );
  });

  /** The refused body is itself made of requests: read as such, it would reach the upstream. */
  Deno.test(`80 a refusal before the body's end is read, and the body is no request, ${transport.name}`, async (t) => {
    await using upstream = RawUpstream.start();
    await using proxy = await transport.start(upstream.url, ["--max-request-body", "3000000"]);
    const smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const body = smuggled.repeat(Math.floor(4_000_000 / smuggled.length));
    const length: [string, string] = ["Content-Length", String(body.length)];
    const refusals: Record<string, { status: number } & RequestParts> = {
      "wrong key": { status: 401, headers: [HOST, ["x-api-key", "wrong"], length] },
      "too large": { status: 413, headers: [HOST, length] },
      "dot segments": { status: 400, target: "/a/../b", headers: [HOST, length] },
      "a method that cannot cross": { status: 405, method: "TRACE", headers: [HOST, length] },
    };
    for (const [what, { status, ...parts }] of Object.entries(refusals)) {
      for (const reads of ["at once", "when all is sent"] as const) {
        await t.step(`${what}, the client reads ${reads}`, async () => {
          using client = await RawClient.connect(proxy.target);
          await client.write(
            formatRequest({ method: "POST", ...parts, body: body.slice(0, 3_000) }),
          );
          const rest = sendRest(client, body.slice(3_000));
          if (reads === "when all is sent") await rest;
          const refusal = await client.readResponse({ pipelined: true });
          assert.equal(refusal.status, status);
          assert.equal(refusal.ended, "complete");
          assert.equal(headerValues(refusal.headers, "x-claude-proxy-error").length, 1);
          await rest;
          await assertOnlyNextIsAnswered(client);
        });
      }
    }
    assert.deepEqual(upstream.requests.filter(({ target }) => target !== "/next"), []);
  });
}

for (const transport of TRANSPORTS) {
  Deno.test(`76 1,000 cancelled requests leave no socket open on either side, ${transport.name}`, async () => {
    const arrived = new Set<string>();
    const arrival = new Condition();
    await using upstream = RawUpstream.start(async (exchange) => {
      arrived.add(exchange.request.target);
      arrival.notify();
      await exchange.readBody();
      if (exchange.request.target.startsWith("/stream")) {
        await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
        await exchange.writeChunk("data: 1\n\n");
      }
      await exchange.peerClosed(60_000);
    });
    await using proxy = await transport.start(upstream.url);
    const idle = socketCount(proxy);

    const cancel = async (caller: Caller, index: number) => {
      const streams = index % 2 === 0;
      const path = `/${streams ? "stream" : "silent"}/${index}`;
      const post: Partial<Call> = index % 4 < 2 ? { method: "POST", body: "{}" } : {};
      const answer = await caller.call({ path, ...post });
      if (streams) await answer.readSome();
      else await arrival.until(() => arrived.has(path) || undefined, `${path} to arrive`);
      await answer.leave();
    };
    const perConnection = transport.name === "HTTP/2" ? 100 : 1;
    const connection = async (first: number) => {
      using caller = await proxy.connect();
      for (let index = first; index < first + perConnection; index++) await cancel(caller, index);
    };
    for (let begun = 0; begun < 1000; begun += 50 * perConnection) {
      const count = Math.min(50, (1000 - begun) / perConnection);
      const firsts = Array.from({ length: count }, (_, index) => begun + index * perConnection);
      await Promise.all(firsts.map(connection));
    }
    assert.equal(arrived.size, 1000);
    await upstream.allConnectionsClosed();
    await untilSocketsAre(idle, proxy);
  });
}

/** Sends what is left of a body, as far as the server still takes it. */
async function sendRest(client: RawClient, rest: string): Promise<void> {
  try {
    await client.write(rest);
  } catch (error) {
    if (!isHangUp(error)) throw error;
  }
}

/** The connection has ended, or else a request sent on it now is the one that is answered. */
async function assertOnlyNextIsAnswered(client: RawClient): Promise<void> {
  await sendRest(client, "GET /next HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const answers = new TextDecoder().decode(await client.readToEnd());
  assert.match(answers, /^(HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok)?$/);
  assert.equal(answers.split("HTTP/1.1 ").length, answers === "" ? 1 : 2);
}

function isHangUp(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset;
}

function socketCount({ process }: ServedProxy): number {
  const directory = `/proc/${process.pid}/fd`;
  const targets = [...Deno.readDirSync(directory)].map(({ name }) => {
    try {
      return Deno.readLinkSync(`${directory}/${name}`);
    } catch {
      return ""; // Closed between the listing and the look.
    }
  });
  return targets.filter((target) => target.startsWith("socket:")).length;
}

/**
 * The kernel tells nobody when another process closes a socket, so this looks again and again. One
 * of the start may have been among those counted when the proxy was idle.
 */
async function untilSocketsAre(count: number, proxy: ServedProxy): Promise<void> {
  const until = performance.now() + 10_000;
  while (socketCount(proxy) > count && performance.now() < until) {
    await new Promise((later) => setTimeout(later, 50));
  }
  const left = socketCount(proxy);
  assert.ok(left <= count, `${left} sockets are left, there were ${count}`);
}
