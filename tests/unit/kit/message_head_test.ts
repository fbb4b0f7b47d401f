import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteReader } from "../../kit/http1/byte_reader.ts";
import { concatBytes, latin1Bytes } from "../../kit/http1/bytes.ts";
import { responseFraming } from "../../kit/http1/framing.ts";
import {
  type HeaderList,
  headerValues,
  parseRequestHead,
  parseResponseHead,
  readRawHead,
} from "../../kit/http1/message_head.ts";
import { piecewise } from "./piecewise.ts";
import { splitAt, splits } from "../../kit/http1/splits.ts";

Deno.test("a request head keeps its target, and its fields' order, case and bytes", () => {
  const raw = latin1Bytes(
    "POST //a%2F?b=;&& HTTP/1.1\r\nhOst: x\r\nA:\t\xe9 b \r\na: 2\r\nE:\r\n\r\n",
  );
  const head = parseRequestHead(raw);
  assert.equal(head.method, "POST");
  assert.equal(head.target, "//a%2F?b=;&&");
  assert.deepEqual(head.headers, [["hOst", "x"], ["A", "\xe9 b"], ["a", "2"], ["E", ""]]);
  assert.deepEqual(headerValues(head.headers, "a"), ["\xe9 b", "2"]);
  assert.deepEqual(head.rawHead, raw);
});

Deno.test("a response head may have an empty or an odd reason", () => {
  assert.equal(parseResponseHead(latin1Bytes("HTTP/1.1 529 \r\n\r\n")).reason, "");
  const odd = parseResponseHead(latin1Bytes("HTTP/1.1 529 Site <over>loaded\r\n\r\n"));
  assert.deepEqual([odd.status, odd.reason], [529, "Site <over>loaded"]);
});

const host = "\r\nhost: a\r\n";
for (
  const raw of [
    `GET  / HTTP/1.1${host}\r\n`,
    `GET / HTTP/1.1 ${host}\r\n`,
    `GET / HTTP/2.0${host}\r\n`,
    `GET /a b HTTP/1.1${host}\r\n`,
    `GET /\xe9 HTTP/1.1${host}\r\n`,
    `GET /\0 HTTP/1.1${host}\r\n`,
    `G(T / HTTP/1.1${host}\r\n`,
    "GET / HTTP/1.1\r\n\r\n",
    `GET / HTTP/1.1${host}host: b\r\n\r\n`,
    `GET / HTTP/1.1${host}a : b\r\n\r\n`,
    `GET / HTTP/1.1${host} folded\r\n\r\n`,
    `GET / HTTP/1.1${host}a: b\0\r\n\r\n`,
    `GET / HTTP/1.1${host}a: b\rc\r\n\r\n`,
    `GET / HTTP/1.1${host}: b\r\n\r\n`,
    `GET / HTTP/1.1${host}no colon\r\n\r\n`,
  ]
) {
  Deno.test(`the malformed request head ${JSON.stringify(raw)} is refused`, () => {
    assert.throws(() => parseRequestHead(latin1Bytes(raw)), Deno.errors.InvalidData);
  });
}

for (
  const line of ["HTTP/1.1 200", "HTTP/1.1 20 OK", "HTTP/1.1  200 OK", "HTTP/3 200 OK", "", "x"]
) {
  Deno.test(`the malformed status line ${JSON.stringify(line)} is refused`, () => {
    const raw = latin1Bytes(`${line}\r\n\r\n`);
    assert.throws(() => parseResponseHead(raw), Deno.errors.InvalidData);
  });
}

Deno.test("a head split anywhere is read to its end and no further", async () => {
  const head = latin1Bytes(`GET / HTTP/1.1${host}\r\n`);
  const after = latin1Bytes("\r\n\r\nrest");
  await fc.assert(fc.asyncProperty(splits, async (cuts) => {
    const reader = new ByteReader(piecewise(splitAt(concatBytes([head, after]), cuts)));
    assert.deepEqual(await readRawHead(reader, "a head", 1_000), head);
    while (await reader.more("the end"));
    assert.deepEqual(reader.take().bytes, after);
  }));
});

Deno.test("a bare LF in a head is refused as soon as it is there", async () => {
  const reader = new ByteReader(piecewise([latin1Bytes("GET / HTTP/1.1\nhost")]));
  await assert.rejects(readRawHead(reader, "a head", 1_000), /a line that ends in CRLF/);
});

Deno.test("a connection that ends inside a head fails, and before it gives undefined", async () => {
  const cut = new ByteReader(piecewise([latin1Bytes("GET / HT")]));
  await assert.rejects(readRawHead(cut, "a head", 1_000), {
    name: "UnexpectedEof",
    message: 'Cannot read a head: the connection ended (fin) after 8 bytes "GET / HT"',
  });
  assert.equal(await readRawHead(new ByteReader(piecewise([])), "a head", 1_000), undefined);
});

const framings: [number, string, HeaderList, string][] = [
  [200, "GET", [["Content-Length", "3"]], "length"],
  [200, "GET", [["transfer-encoding", "chunked"]], "chunked"],
  [200, "GET", [], "until close"],
  [200, "HEAD", [["content-length", "3"]], "none"],
  [304, "GET", [["content-length", "3"]], "none"],
  [204, "GET", [], "none"],
  [101, "GET", [], "none"],
];
for (const [status, method, headers, kind] of framings) {
  Deno.test(`a ${status} to ${method} with ${JSON.stringify(headers)} is framed: ${kind}`, () => {
    assert.equal(responseFraming(status, method, headers).kind, kind);
  });
}

const contradictions: [number, HeaderList][] = [
  [200, [["content-length", "3"], ["transfer-encoding", "chunked"]]],
  [200, [["content-length", "3"], ["content-length", "3"]]],
  [200, [["content-length", "3, 3"]]],
  [200, [["content-length", "-3"]]],
  [200, [["content-length", ""]]],
  [200, [["transfer-encoding", "gzip, chunked"]]],
  [204, [["content-length", "0"]]],
];
for (const [status, headers] of contradictions) {
  Deno.test(`a ${status} with ${JSON.stringify(headers)} is refused`, () => {
    assert.throws(() => responseFraming(status, "GET", headers), Deno.errors.InvalidData);
  });
}
