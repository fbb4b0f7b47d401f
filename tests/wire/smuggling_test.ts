import assert from "node:assert/strict";
import { latin1Text } from "../kit/http1/bytes.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { RawClient, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import type { Handler } from "../kit/http1/upstream_connection.ts";

/**
 * What becomes of a request whose end somebody could see elsewhere: `"refused"` with 400 and the end
 * of the connection, `"declined"` with a 400 or 501 of the proxy's own, which need not end it, or
 * `"cut"` off inside a body that cannot be understood. Else the body that it is understood to have,
 * by proxy and upstream alike; the next request then follows it.
 */
type Verdict = "refused" | "declined" | "cut" | { body: string };

interface Spelling {
  name: string;
  /** Everything of the request line and the header that matters. */
  fields: string;
  body: string;
  verdict: Verdict;
  /** @default {"POST /outer HTTP/1.1"} */
  startLine?: string;
}

const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
const NEXT = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
const EMPTY_CHUNKED = "0\r\n\r\n";
const HELLO_CHUNKED = "5\r\nhello\r\n0\r\n\r\n";
const HELLO = { body: "hello" };
const TE = "Transfer-Encoding: chunked\r\n";

const refused = (name: string, fields: string, body = EMPTY_CHUNKED): Spelling => {
  return { name, fields, body, verdict: "refused" };
};
const declined = (name: string, fields: string, body = EMPTY_CHUNKED): Spelling => {
  return { name, fields, body, verdict: "declined" };
};
const cut = (name: string, body: string): Spelling => ({ name, fields: TE, body, verdict: "cut" });
const understood = (
  name: string,
  fields: string,
  body = HELLO_CHUNKED,
  verdict: Verdict = HELLO,
): Spelling => ({ name, fields, body, verdict });

const BOTH_LENGTHS = [
  refused("CL.TE", "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nG"),
  refused("TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "1\r\nG\r\n0\r\n\r\n"),
  refused("CL.TE, unknown coding", "Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n"),
  refused("CL.TE, space before the colon", "Content-Length: 5\r\nTransfer-Encoding : chunked\r\n"),
  refused("CL.TE, NUL in the name", "Content-Length: 5\r\nTransfer-Encoding\0: chunked\r\n"),
  // Not the header it resembles: it crosses as what it is, and the length counts.
  understood("CL.TE, underscore", "Content-Length: 5\r\nTransfer_Encoding: chunked\r\n", "hello"),
];

const CODINGS = [
  refused("xchunked", "Transfer-Encoding: xchunked\r\n"),
  refused("identity", "Transfer-Encoding: identity\r\n"),
  refused("nothing", "Transfer-Encoding:\r\n"),
  refused("space before the colon", "Transfer-Encoding : chunked\r\n"),
  refused("tab before the colon", "Transfer-Encoding\t: chunked\r\n"),
  refused("vertical tab", "Transfer-Encoding: \x0bchunked\r\n"),
  refused("quotes", 'Transfer-Encoding: "chunked"\r\n'),
  refused("a parameter", "Transfer-Encoding: chunked;q=1\r\n"),
  refused("chunked, identity", "Transfer-Encoding: chunked, identity\r\n"),
  refused("identity, chunked", "Transfer-Encoding: identity, chunked\r\n"),
  refused("chunked, chunked", "Transfer-Encoding: chunked, chunked\r\n"),
  refused("two lines, chunked and another", `${TE}Transfer-Encoding: x\r\n`),
  refused("two lines, another and chunked", `Transfer-Encoding: identity\r\n${TE}`),
  refused("two lines of chunked", `${TE}${TE}`),
  refused("folded", "Transfer-Encoding:\r\n chunked\r\n"),
  refused("folded into another", "X-A: b\r\n Transfer-Encoding: chunked\r\n"),
  // A body in another coding: forwarded as chunked alone, it would be something else.
  declined("gzip, chunked", "Transfer-Encoding: gzip, chunked\r\n"),
  { ...refused("in HTTP/1.0", TE), startLine: "POST /outer HTTP/1.0" },
  understood("tab after the colon", "Transfer-Encoding:\tchunked\r\n"),
  understood("space at the end", "Transfer-Encoding: chunked \r\n"),
  understood("capitals", "tRANSFER-eNCODING: ChUnKeD\r\n"),
];

const LENGTHS = [
  ...[
    "+5",
    "-5",
    "0x5",
    "5, 5",
    "5, 6",
    "1 0",
    "",
    "5.0",
    "5e0",
    "18446744073709551621",
    "\xd9\xa5",
  ]
    .map((length) => refused(`"${length}"`, `Content-Length: ${length}\r\n`, "hello")),
  refused("space before the colon", "Content-Length : 5\r\n", "hello"),
  refused("two that differ", "Content-Length: 0\r\nContent-Length: 5\r\n", "hello"),
  declined("two alike", "Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
  understood("zeros in front", "Content-Length: 0005\r\n", "hello"),
  understood("spaces around", "Content-Length:   5  \r\n", "hello"),
  understood(
    "hidden by Connection",
    "Connection: content-length\r\nContent-Length: 5\r\n",
    "hello",
  ),
];

const LINES = [
  refused("CR alone in a value", "X-A: b\rTransfer-Encoding: chunked\r\n"),
  refused("CR alone at the end of a line", "X-A: b\rContent-Length: 0\r\n"),
  refused("LF CR", "X-A: b\n\rContent-Length: 0\r\n"),
  refused("a space before the first name", " Transfer-Encoding: chunked\r\n"),
  { ...refused("two spaces", TE), startLine: "POST  /outer HTTP/1.1" },
  { ...refused("tabs", TE), startLine: "POST\t/outer\tHTTP/1.1" },
  { ...refused("HTTP/2.0", TE), startLine: "POST /outer HTTP/2.0" },
  // RFC 9112 §2.2 lets a server take LF alone for a line's end; what goes upstream has CR LF.
  understood("LF alone", "X-A: b\nTransfer-Encoding: chunked\n"),
];

const CHUNKS = [
  cut("LF in an extension", "5;a\nhello\r\n0\r\n\r\n"),
  cut("CR alone in an extension", "5;a\rb\r\nhello\r\n0\r\n\r\n"),
  cut("LF after a size", "5\nhello\r\n0\r\n\r\n"),
  cut("LF after data", "5\r\nhello\n0\r\n\r\n"),
  cut("nothing after data", "5\r\nhello0\r\n\r\n"),
  cut("more data than announced", "5\r\nhelloXX0\r\n\r\n"),
  cut("LF at the end", "0\n\n"),
  cut("CR at the end", "0\r\r"),
  cut("0x", "0x5\r\nhello\r\n0\r\n\r\n"),
  cut("+", "+5\r\nhello\r\n0\r\n\r\n"),
  cut("-", "-5\r\nhello\r\n0\r\n\r\n"),
  cut("_", "0_5\r\nhello\r\n0\r\n\r\n"),
  cut("no size", "\r\nhello\r\n0\r\n\r\n"),
  cut("a size of 65 bits", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
  understood("spaces around a size", TE, " 5 \r\nhello\r\n0\r\n\r\n"),
  understood("zeros in front of a size", TE, "00000000000000000005\r\nhello\r\n0\r\n\r\n"),
  understood("an extension", TE, "5;a=b\r\nhello\r\n0\r\n\r\n"),
  understood("an extension whose quotes do not end", TE, '5;a="\r\nhello\r\n0\r\n\r\n'),
  understood("framing in the trailers", TE, "5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\n"),
];

/** Tells whose request it answers, so that an answer in the wrong hands is known for one. */
const answerByName: Handler = async (exchange) => {
  const { bytes, ended } = await exchange.readBody();
  if (ended !== "complete") return;
  await exchange.respond({ body: `${exchange.request.target} ${latin1Text(bytes)}` });
};

/** Sends bytes in pieces, so that the proxy does not read them at once. */
async function writeInPieces(client: RawClient, pieces: string[]): Promise<void> {
  for (const piece of pieces) {
    await client.write(piece).catch(goneAlready);
    await new Promise((next) => setTimeout(next, 0));
  }
}

function goneAlready(error: unknown): void {
  const gone = error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionReset;
  if (!gone) throw error;
}

async function assertAnswer(client: RawClient, body: string): Promise<void> {
  const response = await client.readResponse({ pipelined: true });
  assert.equal(response.status, 200);
  assert.equal(latin1Text(response.bytes), body);
}

/** One spelling, on a connection of its own, and then a client that must not notice anything. */
async function attack(
  spelling: Spelling,
  pieces: (head: string, rest: string) => string[],
  { port }: ProxyProcess,
  upstream: RawUpstream,
): Promise<void> {
  const { startLine = "POST /outer HTTP/1.1", fields, body, verdict } = spelling;
  const accepted = typeof verdict === "object";
  const follower = accepted || verdict === "declined" ? NEXT : SMUGGLED;
  const head = fields.startsWith(" ")
    ? `${startLine}\r\n${fields}Host: h\r\n\r\n`
    : `${startLine}\r\nHost: h\r\n${fields}\r\n`;
  const before = upstream.requests.length;
  {
    using client = await RawClient.connect({ port });
    await writeInPieces(client, pieces(head, body + follower));
    if (accepted) {
      await assertAnswer(client, `/outer ${verdict.body}`);
      await assertAnswer(client, "/next ");
    } else if (verdict === "declined") {
      const { status } = await client.readResponse({ pipelined: true });
      assert.ok(status === 400 || status === 501, `status ${status}`);
    } else {
      const answer = latin1Text(await client.readToEnd());
      if (verdict === "refused") assert.match(answer, /^HTTP\/1\.1 400 /);
      assert.equal(answer.split("HTTP/1.1 ").length, answer === "" ? 1 : 2, answer);
      assert.doesNotMatch(answer, /^HTTP\/1\.1 200 /);
    }
  }
  const bystander = await request({ port, target: "/bystander" });
  assert.equal(latin1Text(bystander.bytes), "/bystander ");

  const seen = upstream.requests.slice(before);
  const whole = seen.filter(({ ended }) => ended === "complete").map(({ target }) => target);
  if (verdict === "declined") {
    assert.ok(whole.every((target) => target !== "/outer"));
  } else {
    assert.deepEqual(whole, accepted ? ["/outer", "/next", "/bystander"] : ["/bystander"]);
  }
  // Refused ones do not begin upstream; a body that turns out bad may have, and is cut there too.
  if (verdict === "refused") assert.equal(seen.length, 1);
  assert.ok(seen.every(({ target }) => target !== "/smuggled"));
}

const FAMILIES: [name: string, spellings: Spelling[]][] = [
  ["37 smuggling by two lengths", BOTH_LENGTHS],
  ["37 smuggling by spellings of transfer-encoding", CODINGS],
  ["38 smuggling by spellings of content-length", LENGTHS],
  ["41 42 smuggling by the ends of lines", LINES],
  ["43 44 smuggling by chunks", CHUNKS],
];

for (const [name, spellings] of FAMILIES) {
  Deno.test(name, async (t) => {
    await using upstream = RawUpstream.start(answerByName);
    await using proxy = await ProxyProcess.start({
      upstreamUrl: upstream.url,
      args: ["--workers", "1"],
    });
    for (const spelling of spellings) {
      await t.step(`${spelling.name}, sent at once`, async () => {
        await attack(spelling, (head, rest) => [head + rest], proxy, upstream);
      });
      await t.step(`${spelling.name}, head and body apart`, async () => {
        await attack(spelling, (head, rest) => [head, rest], proxy, upstream);
      });
    }
  });
}

Deno.test("47 a body on GET or HEAD is never taken for the next request", async () => {
  await using upstream = RawUpstream.start(answerByName);
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const size = SMUGGLED.length;
  const bodies = [
    `Content-Length: ${size}\r\n\r\n${SMUGGLED}`,
    `Transfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
  ];
  for (const method of ["GET", "HEAD"]) {
    for (const body of bodies) {
      using client = await RawClient.connect({ port: proxy.port });
      await client.write(`${method} /outer HTTP/1.1\r\nHost: h\r\n${body}${NEXT}`);
      const { status } = await client.readResponse({ method, pipelined: true });
      assert.equal(status, 400);
      await assertAnswer(client, "/next ");
    }
  }
  assert.deepEqual(upstream.requests.map(({ target }) => target), Array(4).fill("/next"));
});

Deno.test("44 a chunk of 2^64 - 1 bytes is one body without an end", async () => {
  await using upstream = RawUpstream.start(answerByName);
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  {
    using client = await RawClient.connect({ port: proxy.port });
    const head = `POST /outer HTTP/1.1\r\nHost: h\r\n${TE}\r\n`;
    await client.write(`${head}FFFFFFFFFFFFFFFF\r\n${SMUGGLED}`);
    await upstream.nextRequest();
  }
  const outer = upstream.requests[0];
  assert.equal(await outer?.whenBodyEnded(), "cut");
  assert.deepEqual(upstream.requests.map(({ target }) => target), ["/outer"]);
});
