import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { type Bytes, concatBytes, latin1Bytes, toBytes } from "../../kit/bytes.ts";
import type { HeaderList } from "../../kit/message_head.ts";
import { CLIENT_KEY } from "../../kit/proxy_process.ts";
import { connection, credential, name, value } from "../properties/header_lines.ts";
import { target } from "../properties/targets.ts";

/** What is wrong with a request, if anything. */
export type RequestDefect = keyof typeof REQUEST_DEFECTS;
/** What is wrong with a response, if anything. */
export type ResponseDefect = keyof typeof RESPONSE_DEFECTS;

/** A request as it is to be written. */
export interface SentRequest {
  method: string;
  target: string;
  version: string;
  /** Framing included. */
  headers: HeaderList;
  /** As framed. */
  body: Bytes;
  defect: RequestDefect | undefined;
}

/** A response as the upstream is to write it. */
export interface SentResponse {
  status: number;
  reason: string;
  /** Framing included. */
  headers: HeaderList;
  /** Whole heads of 1xx responses before it. */
  interim: string;
  /** As framed. */
  body: Bytes;
  /** Whether the upstream closes the connection after it. */
  closes: boolean;
  defect: ResponseDefect | undefined;
}

/** One exchange. */
export interface Case {
  request: SentRequest;
  response: SentResponse;
  /** Whether it may go over the connection of the one before. */
  reuses: boolean;
}

/** The bytes on the client's connection. */
export function requestBytes({ request }: Case): Bytes {
  const { method, target, version, headers, body, defect } = request;
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = `${method} ${target} ${version}\r\n${lines}\r\n`;
  return concatBytes([toBytes(defect ? REQUEST_DEFECTS[defect](head) : head), body]);
}

/** The bytes on the upstream's connection. */
export function responseBytes({ request, response }: Case): Bytes {
  const { status, reason, headers, interim, body, defect } = response;
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = `HTTP/1.1 ${status} ${reason}\r\nX-Upstream: 1\r\n${lines}\r\n`;
  // In answer to HEAD, nginx would leave the client waiting for the rest.
  const before = request.method === "HEAD" ? "" : interim;
  const sent = toBytes(before + (defect ? RESPONSE_DEFECTS[defect](head) : head));
  return concatBytes([sent, isBodiless(request.method, status) ? new Uint8Array() : body]);
}

/** RFC 9112 §6.3. */
function isBodiless(method: string, status: number): boolean {
  return method === "HEAD" || status === 204 || status === 304;
}

const insertLine = (line: string) => (head: string) =>
  head.replace(/\r\n\r\n$/, `\r\n${line}\r\n\r\n`);

/** Ways to write a request's head that RFC 9112 does not allow, or allows a server to refuse. */
const REQUEST_DEFECTS = {
  "bare LF": (head: string) => head.replaceAll("\r\n", "\n"),
  "bare CR": insertLine("X-Cr: a\rb"),
  "space before the colon": insertLine("X-Space : a"),
  "space in a name": insertLine("X Space: a"),
  "folded line": insertLine("X-Fold: a\r\n b"),
  "folded first line": (head: string) => head.replace("\r\n", "\r\n X-First: a\r\n"),
  "no colon": insertLine("X-None"),
  "empty name": insertLine(": a"),
  "NUL in a value": insertLine("X-Nul: a\x00b"),
  "control in a value": insertLine("X-Ctl: a\x01b"),
  "non-ASCII name": insertLine("X-\xe9: a"),
  "odd name": insertLine('X-(")[]: a'),
  "leading CRLF": (head: string) => `\r\n${head}`,
  "two spaces": (head: string) => head.replace(" ", "  "),
  "no version": (head: string) => head.replace(/ HTTP\/1\.[01]/, ""),
  "HTTP/1.2": (head: string) => head.replace(/HTTP\/1\.[01]/, "HTTP/1.2"),
  "HTTP/2.0": (head: string) => head.replace(/HTTP\/1\.[01]/, "HTTP/2.0"),
  "lower-case http": (head: string) => head.replace("HTTP/", "http/"),
  "no Host": (head: string) => head.replace(/Host: [^\r]*\r\n/, ""),
  "two Hosts": insertLine("Host: other.example"),
  "odd Host": (head: string) => head.replace(/Host: [^\r]*/, "Host: h/x?y"),
  "empty Host": (head: string) => head.replace(/Host: [^\r]*/, "Host:"),
  "length with a sign": insertLine("Content-Length: +0"),
  "length that is none": insertLine("Content-Length: x"),
  "two lengths": insertLine("Content-Length: 0\r\nContent-Length: 1"),
  "length twice": insertLine("Content-Length: 0\r\nContent-Length: 0"),
  "length list": insertLine("Content-Length: 0, 0"),
  "length and chunked": insertLine("Content-Length: 5\r\nTransfer-Encoding: chunked"),
  "unknown transfer coding": insertLine("Transfer-Encoding: gzip"),
  "two transfer codings": insertLine("Transfer-Encoding: gzip, chunked"),
  "identity transfer coding": insertLine("Transfer-Encoding: identity"),
  "long head": insertLine(`X-Long: ${"l".repeat(70_000)}`),
  "many lines": insertLine(Array(200).fill("X-Many: m").join("\r\n")),
};

/** Ways to write a response that RFC 9112 does not allow, or that a proxy may well refuse. */
const RESPONSE_DEFECTS = {
  "bare LF": (head: string) => head.replaceAll("\r\n", "\n"),
  "folded line": insertLine("X-Fold: a\r\n b"),
  "space before the colon": insertLine("X-Space : a"),
  "no colon": insertLine("X-None"),
  "NUL in a value": insertLine("X-Nul: a\x00b"),
  "control in a value": insertLine("X-Ctl: a\x01b"),
  "non-ASCII name": insertLine("X-\xe9: a"),
  "no reason": (head: string) => head.replace(/^(HTTP\/1\.1 \d+) [^\r]*/, "$1"),
  "HTTP/1.0": (head: string) => head.replace("HTTP/1.1", "HTTP/1.0"),
  "HTTP/2.0": (head: string) => head.replace("HTTP/1.1", "HTTP/2.0"),
  "status 99": (head: string) => head.replace(/ \d+ /, " 99 "),
  "status 600": (head: string) => head.replace(/ \d+ /, " 600 "),
  "status 1000": (head: string) => head.replace(/ \d+ /, " 1000 "),
  "no status line": (head: string) => head.replace("HTTP/1.1 ", ""),
  "length that is none": insertLine("Content-Length: x"),
  "two lengths": insertLine("Content-Length: 0\r\nContent-Length: 1"),
  "length and chunked": insertLine("Content-Length: 5\r\nTransfer-Encoding: chunked"),
  "unknown transfer coding": insertLine("Transfer-Encoding: gzip"),
  "long head": insertLine(`X-Long: ${"l".repeat(70_000)}`),
  "many lines": insertLine(Array(200).fill("X-Many: m").join("\r\n")),
};

const CODERS: [string, (body: Uint8Array) => Uint8Array][] = [
  ["gzip", gzipSync],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
  ["deflate", deflateSync],
];

/** Any exchange; one in four has one thing wrong with it and is plain otherwise. */
export function cases(): fc.Arbitrary<Case> {
  const whole = fc.record({ request: request(), response: response(), reuses: fc.boolean() });
  const broken = fc.oneof(
    key(REQUEST_DEFECTS).map((defect): Case => ({
      request: { ...PLAIN_REQUEST, ...unframed(defect), defect },
      response: PLAIN_RESPONSE,
      reuses: false,
    })),
    key(RESPONSE_DEFECTS).map((defect): Case => ({
      request: PLAIN_REQUEST,
      response: { ...PLAIN_RESPONSE, ...unframed(defect), closes: true, defect },
      reuses: false,
    })),
  );
  return fc.oneof({ weight: 3, arbitrary: whole }, { weight: 1, arbitrary: broken });
}

const PLAIN_REQUEST: SentRequest = {
  method: "POST",
  target: "/v1/messages",
  version: "HTTP/1.1",
  headers: [["Host", "localhost"], ["Content-Length", "2"]],
  body: latin1Bytes("{}"),
  defect: undefined,
};

const PLAIN_RESPONSE: SentResponse = {
  status: 200,
  reason: "OK",
  headers: [["Content-Length", "2"]],
  interim: "",
  body: latin1Bytes("ok"),
  closes: false,
  defect: undefined,
};

/** A defect of the framing stands alone, with a body that ends where each of its readings ends. */
function unframed(defect: string): Partial<Pick<SentRequest, "headers" | "body">> {
  if (!/length|coding/.test(defect)) return {};
  const body = /chunked|coding/.test(defect) ? latin1Bytes("0\r\n\r\n") : new Uint8Array();
  return { headers: [["Host", "localhost"]], body };
}

function key<T extends object>(table: T): fc.Arbitrary<keyof T & string> {
  return fc.constantFrom(...Object.keys(table) as (keyof T & string)[]);
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
    defect: undefined,
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
    defect: undefined,
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
