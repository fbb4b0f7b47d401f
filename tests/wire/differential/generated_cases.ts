import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { type Bytes, concatBytes, latin1Bytes, toBytes } from "../../kit/http1/bytes.ts";
import type { HeaderList } from "../../kit/http1/message_head.ts";
import { CLIENT_KEY } from "../../kit/process/proxy_process.ts";
import { connection, credential, name, value } from "../properties/header_lines.ts";
import { target } from "../properties/targets.ts";
import type { Case, SentRequest, SentResponse } from "./cases.ts";

const CODERS: [string, (body: Uint8Array) => Uint8Array][] = [
  ["gzip", gzipSync],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
  ["deflate", deflateSync],
];

/** Any exchange of HTTP, however odd. */
export function cases(): fc.Arbitrary<Case> {
  return fc.record({ request: request(), response: response(), reuses: fc.boolean() });
}

function request(): fc.Arbitrary<SentRequest> {
  const method = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.constantFrom("GET", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom("TRACE", "TRACK", "get", "Post", "M-SEARCH", "X!Y", "Q1"),
    },
  );
  return fc.record({
    method,
    target: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom("/v1/messages?beta=true", "/v1/responses", "/") },
      { weight: 3, arbitrary: target() },
      { weight: 1, arbitrary: fc.constantFrom("*", "http://other.example/p?q", "//h/p", "v1", "") },
    ),
    version: fc.constantFrom("HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0"),
    lines: lines(6),
    special: fc.array(
      fc.oneof(
        connection(),
        credential(),
        fc.constantFrom<HeaderList[number]>(["x-api-key", CLIENT_KEY], ["X_Api_Key", CLIENT_KEY]),
        fc.constantFrom<HeaderList[number]>(
          ["Expect", "100-continue"],
          ["Accept-Encoding", "gzip, br"],
          ["Accept-Encoding", "identity"],
          ["Connection", "close"],
          ["Connection", "keep-alive"],
          ["Range", "bytes=0-1"],
          ["Range", "bytes=2-3"],
          ["If-None-Match", '"x"'],
        ),
      ),
      { maxLength: 3 },
    ),
    body: fc.oneof({ weight: 1, arbitrary: fc.constant(NO_BODY) }, {
      weight: 1,
      arbitrary: body(),
    }),
  }).map(({ lines, special, body, ...line }) => ({
    ...line,
    headers: [["Host", "localhost"], ...lines, ...special, ...body.lines],
    body: body.framed,
  }));
}

function response(): fc.Arbitrary<SentResponse> {
  return fc.record({
    status: fc.oneof(
      { weight: 4, arbitrary: fc.constant(200) },
      {
        weight: 4,
        arbitrary: fc.constantFrom(201, 204, 206, 301, 304, 304, 307, 400, 401, 404, 416),
      },
      { weight: 2, arbitrary: fc.constantFrom(413, 418, 429, 499, 500, 502, 503, 504, 529, 599) },
    ),
    reason: fc.constantFrom("OK", "", "Overloaded", "caf\xe9 au lait"),
    lines: lines(6),
    special: fc.array(fc.oneof(connection(), fc.constantFrom(...RESPONSE_LINES)), { maxLength: 3 }),
    interim: fc.constantFrom("", "", "", "HTTP/1.1 100 Continue\r\n\r\n", EARLY_HINTS),
    body: fc.oneof({ weight: 4, arbitrary: body() }, { weight: 1, arbitrary: untilClose() }),
    closes: fc.constantFrom(false, false, false, true),
  }).map(({ lines, special, body, closes, interim, ...line }) => ({
    ...line,
    interim: body.closes ? "" : interim,
    ...framed(line.status, [...lines, ...special], body),
    closes: closes || body.closes,
  }));
}

const EARLY_HINTS = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";

const RESPONSE_LINES: HeaderList = [
  ["Content-Type", "text/event-stream; charset=utf-8"],
  ["Content-Type", "text/html"],
  ["Connection", "close"],
  ["Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT"],
  ["Date", "Mon, 01 Jan 2024 00:00:00 GMT"],
  ["Server", "upstream"],
  ["X-Accel-Redirect", "/secret"],
  ["X-Accel-Buffering", "yes"],
  ["Refresh", "0; url=/x"],
  ["Location", "/there?a=b#c"],
  ["Accept-Ranges", "none"],
  ["WWW-Authenticate", "Basic realm=x"],
  ["Status", "201 Other"],
  ["$", "a name of odd characters only"],
];

/** 204 may not announce a body (RFC 9110 §8.6). */
function framed(status: number, lines: HeaderList, body: FramedBody) {
  if (status === 204) return { headers: lines, body: new Uint8Array() };
  return { headers: [...lines, ...body.lines], body: body.framed };
}

function lines(maxLength: number): fc.Arbitrary<HeaderList> {
  return fc.array(fc.tuple(name(), value()), { maxLength });
}

interface FramedBody {
  lines: HeaderList;
  framed: Bytes;
  closes: boolean;
}

function body(): fc.Arbitrary<FramedBody> {
  const announced = fc.tuple(content(), fc.boolean()).map(([{ lines, bytes }, chunked]) => ({
    lines: [...lines, chunked ? CHUNKED : length(bytes)],
    framed: chunked ? inChunks(bytes, "") : bytes,
    closes: false,
  }));
  const none = fc.constant<FramedBody>({
    lines: [["Content-Length", "0"]],
    framed: new Uint8Array(),
    closes: false,
  });
  const withTrailers = fc.constant<FramedBody>({
    lines: [["Trailer", "X-Sum"], CHUNKED],
    framed: inChunks(latin1Bytes("with trailers"), "X-Sum: 1\r\n"),
    closes: false,
  });
  return fc.oneof(
    { weight: 6, arbitrary: announced },
    { weight: 5, arbitrary: none },
    { weight: 1, arbitrary: withTrailers },
  );
}

function untilClose(): fc.Arbitrary<FramedBody> {
  return content().map(({ lines, bytes }) => ({ lines, framed: bytes, closes: true }));
}

function content(): fc.Arbitrary<{ lines: HeaderList; bytes: Bytes }> {
  const plain = fc.uint8Array({ maxLength: 400 })
    .map((bytes) => ({ lines: [] as HeaderList, bytes: new Uint8Array(bytes) }));
  const coded = fc.tuple(fc.constantFrom(...CODERS), fc.string()).map((
    [[coding, encode], text],
  ) => ({
    lines: [["Content-Encoding", coding]] as HeaderList,
    bytes: new Uint8Array(encode(new TextEncoder().encode(text.repeat(20)))),
  }));
  return fc.oneof({ weight: 3, arbitrary: plain }, { weight: 1, arbitrary: coded });
}

const NO_BODY: FramedBody = { lines: [], framed: new Uint8Array(), closes: false };

const CHUNKED: HeaderList[number] = ["Transfer-Encoding", "chunked"];

function length(bytes: Bytes): HeaderList[number] {
  return ["Content-Length", String(bytes.length)];
}

/** In two, where there is enough of it. */
function inChunks(bytes: Bytes, trailers: string): Bytes {
  const middle = Math.ceil(bytes.length / 2);
  const chunks = [bytes.subarray(0, middle), bytes.subarray(middle)]
    .filter((chunk) => chunk.length > 0)
    .flatMap((chunk) => [toBytes(`${chunk.length.toString(16)}\r\n`), chunk, toBytes("\r\n")]);
  return concatBytes([...chunks, toBytes(`0\r\n${trailers}\r\n`)]);
}
