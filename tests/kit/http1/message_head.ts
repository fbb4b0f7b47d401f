import type { ByteReader } from "./byte_reader.ts";
import { type Bytes, latin1Text, previewBytes } from "./bytes.ts";

/** Header fields as they stood on the wire: order, case and duplicates kept, one char a byte. */
export type HeaderList = [name: string, value: string][];

/** The start line and the fields of one HTTP/1 message. */
export interface MessageHead {
  startLine: string;
  headers: HeaderList;
  /** Every byte of it, the empty line included. */
  rawHead: Bytes;
}

/** The head of a request. */
export interface RequestHead extends MessageHead {
  method: string;
  target: string;
  version: string;
}

/** The head of a response. */
export interface ResponseHead extends MessageHead {
  statusLine: string;
  status: number;
  reason: string;
}

/** A runaway head fails the test instead of filling memory. */
const LONGEST_HEAD = 1024 * 1024;
/** RFC 9110 §5.6.2. */
export const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
/** RFC 9110 §5.5: visible characters, obs-text, and blanks only between them. */
const FIELD = new RegExp(
  `^(${TOKEN}):[ \\t]*((?:[\\x21-\\x7e\\x80-\\xff]|[ \\t]+(?=[\\x21-\\x7e\\x80-\\xff]))*)[ \\t]*$`,
);
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([\\x21-\\x7e]+) HTTP/(1\\.[01])$`);
const STATUS_LINE = /^HTTP\/1\.[01] ([1-9][0-9]{2}) ([\t \x21-\x7e\x80-\xff]*)$/;

/** Every value a name has, in order; names compare without case. */
export function headerValues(headers: HeaderList, name: string): string[] {
  const wanted = name.toLowerCase();
  return headers.filter(([given]) => given.toLowerCase() === wanted).map(([, value]) => value);
}

/**
 * Reads one head, or undefined where the connection ends before its first byte.
 *
 * @throws {Deno.errors.InvalidData} On a bare LF, or a head past 1 MiB.
 * @throws {Deno.errors.UnexpectedEof} When the connection ends inside it.
 */
export async function readRawHead(
  reader: ByteReader,
  what: string,
  deadlineMs: number,
): Promise<Bytes | undefined> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const length = headLength(reader.buffered);
    if (length !== undefined) return reader.take(length).bytes;
    if (await reader.more(what, until - performance.now())) continue;
    if (reader.buffered.length === 0) return undefined;
    throw new Deno.errors.UnexpectedEof(
      `Cannot read ${what}: the connection ended (${reader.end}) after ${
        previewBytes(reader.buffered)
      }`,
      { cause: reader.failure },
    );
  }
}

function headLength(bytes: Bytes): number | undefined {
  let lineStart = 0;
  for (;;) {
    const feed = bytes.indexOf(0x0a, lineStart);
    if (feed === -1) break;
    if (bytes[feed - 1] !== 0x0d) throw malformed("a line that ends in CRLF", bytes);
    if (feed === lineStart + 1) return feed + 1;
    lineStart = feed + 1;
  }
  if (bytes.length > LONGEST_HEAD) throw malformed("a head of at most 1 MiB", bytes);
  return undefined;
}

/**
 * Parses a request's head strictly (RFC 9112 §3).
 *
 * @throws {Deno.errors.InvalidData} On anything else than the grammar, or HTTP/1.1 without exactly
 * one Host.
 */
export function parseRequestHead(rawHead: Bytes): RequestHead {
  const head = splitHead(rawHead);
  const [, method, target, version] = REQUEST_LINE.exec(head.startLine) ?? [];
  if (method === undefined || target === undefined || version === undefined) {
    throw malformed("a request line", rawHead);
  }
  if (version === "1.1" && headerValues(head.headers, "host").length !== 1) {
    throw malformed("exactly one Host", rawHead);
  }
  return { ...head, method, target, version };
}

/**
 * Parses a response's head strictly (RFC 9112 §4).
 *
 * @throws {Deno.errors.InvalidData} On anything else than the grammar.
 */
export function parseResponseHead(rawHead: Bytes): ResponseHead {
  const head = splitHead(rawHead);
  const [statusLine, status, reason] = STATUS_LINE.exec(head.startLine) ?? [];
  if (statusLine === undefined || status === undefined || reason === undefined) {
    throw malformed("a status line", rawHead);
  }
  return { ...head, statusLine, status: Number(status), reason };
}

/**
 * Parses one field line, of a head or of trailers. There is no obs-fold and no blank before the
 * colon.
 *
 * @throws {Deno.errors.InvalidData} On anything else than the grammar.
 */
export function parseFieldLine(line: string): [name: string, value: string] {
  const [, name, value] = FIELD.exec(line) ?? [];
  if (name === undefined || value === undefined) {
    throw new Deno.errors.InvalidData(
      `Malformed message: expected a field line, got ${JSON.stringify(line)}`,
    );
  }
  return [name, value];
}

function splitHead(rawHead: Bytes): MessageHead {
  const lines = latin1Text(rawHead).split("\r\n");
  const [startLine = "", ...fields] = lines.slice(0, -2);
  return { startLine, headers: fields.map(parseFieldLine), rawHead };
}

function malformed(expected: string, bytes: Bytes): Error {
  return new Deno.errors.InvalidData(
    `Malformed message: expected ${expected}, got ${previewBytes(bytes)}`,
  );
}
