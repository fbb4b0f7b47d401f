import assert from "node:assert/strict";
import { latin1Text } from "../kit/http1/bytes.ts";
import { headerValues } from "../kit/http1/message_head.ts";
import { RawClient } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { ACCEPT, acceptHandshake, HANDSHAKE, KEY } from "./websocket_session.ts";

const LONGEST_BODY = 1024 * 1024;
const PROOF = `Sec-WebSocket-Accept: ${ACCEPT}`;
const upgrade = (...lines: string[]) => `HTTP/1.1 101 x\r\n${lines.join("\r\n")}\r\n\r\n`;
const refusal = (status: number, lines: string[], body = "") =>
  `HTTP/1.1 ${status} x\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n${body}`;
const chunks = (...sizes: number[]) =>
  sizes.map((size) => `${size.toString(16)}\r\n${"c".repeat(size)}\r\n`).join("");

/** Answers to a handshake (RFC 6455 §4.1, page 19), and what the client gets. */
const ANSWERS: readonly [name: string, answer: string, status: number][] = [
  ["as they are", upgrade("Upgrade: websocket", "Connection: Upgrade", PROOF), 101],
  ["in other cases", upgrade("UPGRADE: WebSocket", "connection: upgrade", PROOF), 101],
  [
    "with more options",
    upgrade("Upgrade: websocket", "Connection: keep-alive, Upgrade", PROOF),
    101,
  ],
  [
    "with two Connections",
    upgrade("Upgrade: websocket", "Connection: a", "Connection: Upgrade", PROOF),
    101,
  ],
  ["with spaces around", upgrade("Upgrade:   websocket ", "Connection:\tUpgrade\t", PROOF), 101],
  [
    "without a reason phrase",
    upgrade("Upgrade: websocket", "Connection: Upgrade", PROOF).replace("101 x", "101"),
    101,
  ],
  [
    "with a length, which means nothing",
    upgrade("Upgrade: websocket", "Connection: Upgrade", PROOF, "Content-Length: 0"),
    101,
  ],
  ["without Upgrade", upgrade("Connection: Upgrade", PROOF), 502],
  ["with another Upgrade", upgrade("Upgrade: h2c", "Connection: Upgrade", PROOF), 502],
  ["with two Upgrades", upgrade("Upgrade: websocket, h2c", "Connection: Upgrade", PROOF), 502],
  ["without Connection", upgrade("Upgrade: websocket", PROOF), 502],
  ["with another Connection", upgrade("Upgrade: websocket", "Connection: close", PROOF), 502],
  ["without a proof", upgrade("Upgrade: websocket", "Connection: Upgrade"), 502],
  [
    "with a proof of another key",
    upgrade("Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${KEY}`),
    502,
  ],
  [
    "with a proof in another case",
    upgrade("Upgrade: websocket", "Connection: Upgrade", PROOF.toLowerCase()),
    502,
  ],
  ["with two proofs", upgrade("Upgrade: websocket", "Connection: Upgrade", PROOF, PROOF), 502],
  [
    "with an extension",
    upgrade("Upgrade: websocket", "Connection: Upgrade", PROOF, "Sec-WebSocket-Extensions: e"),
    502,
  ],
  [
    "with a subprotocol",
    upgrade("Upgrade: websocket", "Connection: Upgrade", PROOF, "Sec-WebSocket-Protocol: p"),
    502,
  ],
  ["with a malformed line", upgrade("Upgrade: websocket", "Connection: Upgrade", PROOF, "x"), 502],
  ["with a folded line", upgrade("Upgrade: websocket", "Connection: Upgrade", PROOF, " x: y"), 502],
  ["with bare line feeds", `HTTP/1.1 101 x\nUpgrade: websocket\n\n\r\n\r\n`, 502],
  ["with a head past 16 KiB", upgrade(`X: ${"x".repeat(17_000)}`), 502],
  ["that are none", "\x81\x05hello\r\n\r\n", 502],
];

/** Refusals, and what the client gets: as strict as with any answer (`framing_test.ts`). */
const REFUSALS: readonly [name: string, answer: string, status: number, body?: string][] = [
  ["200", refusal(200, ["Content-Length: 2"], "ok"), 200, "ok"],
  ["204", refusal(204, []), 204],
  ["304", refusal(304, ["Content-Length: 9"]), 304],
  ["599", refusal(599, ["Content-Length: 0"]), 599],
  ["a body to the end", refusal(400, [], "to the end"), 400, "to the end"],
  [
    "a body in chunks",
    refusal(400, ["Transfer-Encoding: Chunked"], `${chunks(3, 4)}0\r\n\r\n`),
    400,
    "ccccccc",
  ],
  [
    "the longest body",
    refusal(400, [`Content-Length: ${LONGEST_BODY}`], "b".repeat(LONGEST_BODY)),
    400,
  ],
  ["the longest body to the end", refusal(400, [], "b".repeat(LONGEST_BODY)), 400],
  ["205", refusal(205, ["Content-Length: 0"]), 502],
  ["600", refusal(600, ["Content-Length: 0"]), 502],
  [
    "a length beside chunks",
    refusal(400, ["Content-Length: 8", "Transfer-Encoding: chunked"], `${chunks(3)}0\r\n\r\n`),
    502,
  ],
  [
    "chunks and another coding",
    refusal(400, ["Transfer-Encoding: gzip, chunked"], "0\r\n\r\n"),
    502,
  ],
  ["another coding", refusal(400, ["Transfer-Encoding: identity"], "x"), 502],
  [
    "chunked twice",
    refusal(400, ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], "0\r\n\r\n"),
    502,
  ],
  ["two lengths", refusal(400, ["Content-Length: 1", "Content-Length: 2"], "ab"), 502],
  ["a negative length", refusal(400, ["Content-Length: -1"], "a"), 502],
  ["a length that is no number", refusal(400, ["Content-Length: 0x1"], "a"), 502],
  ["a body that is cut", refusal(400, ["Content-Length: 9"], "short"), 502],
  ["chunks that are cut", refusal(400, ["Transfer-Encoding: chunked"], "5\r\nab"), 502],
  ["chunks without an end", refusal(400, ["Transfer-Encoding: chunked"], chunks(5)), 502],
  ["a chunk without a size", refusal(400, ["Transfer-Encoding: chunked"], "x\r\n"), 502],
  [
    "a chunk longer than its size",
    refusal(400, ["Transfer-Encoding: chunked"], "1\r\nabc\r\n0\r\n\r\n"),
    502,
  ],
  ["too long a body", refusal(400, [`Content-Length: ${LONGEST_BODY + 1}`], "b".repeat(100)), 502],
  ["too long a body to the end", refusal(400, [], "b".repeat(LONGEST_BODY + 1)), 502],
  [
    "too long a body in chunks",
    refusal(400, ["Transfer-Encoding: chunked"], `${chunks(600_000, 600_000)}0\r\n\r\n`),
    502,
  ],
  [
    "ten thousand chunks",
    refusal(400, ["Transfer-Encoding: chunked"], `${chunks(...Array(10_000).fill(1))}0\r\n\r\n`),
    502,
  ],
];

Deno.test("82 answers to a handshake are checked as RFC 6455 says, refusals as any answer", async (t) => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const cases = [
    ...ANSWERS.map(([name, ...rest]) => [`101 ${name}`, ...rest] as const),
    ...REFUSALS,
  ];
  for (const [name, answer, status, body] of cases) {
    await t.step(`${name}: ${status}`, async () => {
      upstream.handler = async (exchange) => {
        await exchange.write(answer).catch(() => {}); // We need not read it all.
        await exchange.closeWrite().catch(() => {});
        await exchange.peerClosed();
      };
      using client = await RawClient.connect({ port: proxy.port });
      await client.write(HANDSHAKE);
      if (status === 101) {
        const head = await client.readHead();
        assert.equal(head.status, 101);
        assert.deepEqual(headerValues(head.headers, "content-length"), []);
        return;
      }
      const response = await client.readResponse();
      assert.equal(response.status, status);
      const ours = headerValues(response.headers, "x-claude-proxy-error");
      assert.deepEqual(ours, status === 502 ? ["upstream_unreachable"] : []);
      if (body !== undefined) assert.equal(latin1Text(response.bytes), body);
    });
  }
  await upstream.allConnectionsClosed();
});

const TEXT = latin1Text(HANDSHAKE);
const without = (name: string) => TEXT.replace(new RegExp(`^${name}: .*\r\n`, "m"), "");
const replaced = (name: string, value: string) =>
  TEXT.replace(new RegExp(`^${name}: .*`, "m"), `${name}: ${value}`);

/** Handshakes of clients (§4.2.1), and the status they get. */
const HANDSHAKES: readonly [name: string, request: string, status: number][] = [
  ["as it is", TEXT, 101],
  ["in another case", replaced("Upgrade", "WebSocket"), 101],
  ["among other upgrades", replaced("Upgrade", "h2c, websocket"), 101],
  ["among other options", replaced("Connection", "keep-alive, UPGRADE"), 101],
  [
    "with an empty offer of subprotocols",
    TEXT.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: \r\n\r\n"),
    101,
  ],
  [
    "with an extension",
    TEXT.replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: e; a=1\r\n\r\n"),
    101,
  ],
  ["without a key", without("Sec-WebSocket-Key"), 400],
  ["with an empty key", replaced("Sec-WebSocket-Key", ""), 400],
  ["with a key of 15 bytes", replaced("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAA"), 400],
  ["with a key of 18 bytes", replaced("Sec-WebSocket-Key", "A".repeat(24)), 400],
  ["with a key that is no base64", replaced("Sec-WebSocket-Key", "!!!!!!!!!!!!!!!!!!!!!!=="), 400],
  ["with two keys", TEXT.replace("\r\n\r\n", `\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`), 400],
  ["without Connection", without("Connection"), 400],
  ["with another Connection", replaced("Connection", "keep-alive"), 400],
  [
    "by POST",
    TEXT.replace("GET", "POST").replace("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n"),
    400,
  ],
  ["without a version", without("Sec-WebSocket-Version"), 426],
  ["of version 8", replaced("Sec-WebSocket-Version", "8"), 426],
  ["of version 14", replaced("Sec-WebSocket-Version", "14"), 426],
  ["of two versions", replaced("Sec-WebSocket-Version", "13, 8"), 426],
];

Deno.test("82 a client's handshake is checked as RFC 6455 says", async (t) => {
  await using upstream = RawUpstream.start(async (exchange) => {
    await acceptHandshake(exchange);
    await exchange.peerClosed();
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  for (const [name, text, status] of HANDSHAKES) {
    await t.step(`${name}: ${status}`, async () => {
      const before = upstream.requests.length;
      using client = await RawClient.connect({ port: proxy.port });
      await client.write(text);
      const head = await client.readHead();
      assert.equal(head.status, status);
      assert.equal(upstream.requests.length - before, status === 101 ? 1 : 0);
      const versions = headerValues(head.headers, "sec-websocket-version");
      assert.deepEqual(versions, status === 426 ? ["13"] : []);
    });
  }
});
