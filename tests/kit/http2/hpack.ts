import { type Bytes, concatBytes, latin1Bytes, latin1Text } from "../http1/bytes.ts";
import type { HeaderList } from "../http1/message_head.ts";

/** RFC 7541 appendix A, from index 1. */
const STATIC_TABLE: HeaderList = [
  [":authority", ""],
  ...[":method:GET", ":method:POST", ":path:/", ":path:/index.html", ":scheme:http"].map(pseudo),
  ...[":scheme:https", ...[200, 204, 206, 304, 400, 404, 500].map((n) => `:status:${n}`)].map(
    pseudo,
  ),
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ...("accept-language accept-ranges accept access-control-allow-origin age allow authorization " +
    "cache-control content-disposition content-encoding content-language content-length " +
    "content-location content-range content-type cookie date etag expect expires from host " +
    "if-match if-modified-since if-none-match if-range if-unmodified-since last-modified link " +
    "location max-forwards proxy-authenticate proxy-authorization range referer refresh " +
    "retry-after server set-cookie strict-transport-security transfer-encoding user-agent vary " +
    "via www-authenticate").split(" ").map((name): [string, string] => [name, ""]),
];

/** RFC 7541 appendix B: bits of the code of each byte. The codes themselves follow: it is canonical. */
const CODE_LENGTHS = [
  ...[13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28],
  ...[28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28],
  ...[6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6],
  ...[5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10],
  ...[13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7],
  ...[7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
  ...[15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5],
  ...[6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28],
  ...[20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23],
  ...[24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24],
  ...[22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23],
  ...[21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23],
  ...[26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25],
  ...[19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27],
  ...[20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23],
  ...[26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26],
];

/** Bytes by the bits of their code, as a string of 0 and 1. */
const CODES = canonicalCodes();

/** Encodes a header block with the plainest representation: literal, never indexed, no Huffman. */
export function encodeHeaderBlock(headers: HeaderList): Bytes {
  const fields = headers.map(([name, value]) => [byte(0x10), literal(name), literal(value)]);
  return concatBytes(fields.flat());
}

/**
 * Decodes a header block of a peer that was told to keep no dynamic table.
 *
 * @throws {Deno.errors.InvalidData} When it uses one all the same, or the block is malformed.
 */
export function decodeHeaderBlock(block: Bytes): HeaderList {
  const reader = new BlockReader(block);
  const headers: HeaderList = [];
  while (!reader.done) {
    const first = reader.peek();
    if (first >= 0x80) headers.push(entry(reader.integer(7)));
    else if (first >= 0x40) headers.push(reader.field(6));
    else if (first >= 0x20) reader.integer(5); // The size of the dynamic table.
    else headers.push(reader.field(4));
  }
  return headers;
}

class BlockReader {
  #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  peek(): number {
    const first = this.#bytes[this.#at];
    if (first === undefined) throw new Deno.errors.InvalidData("A header block ends in a field");
    return first;
  }

  /** RFC 7541 §5.1. */
  integer(prefixBits: number): number {
    const limit = 2 ** prefixBits - 1;
    let value = this.#next() & limit;
    if (value < limit) return value;
    for (let weight = 1;; weight *= 128) {
      const next = this.#next();
      value += (next & 0x7f) * weight;
      if (next < 0x80) return value;
    }
  }

  /** RFC 7541 §6.2: a name by index or in full, and a value. */
  field(prefixBits: number): [name: string, value: string] {
    const index = this.integer(prefixBits);
    const name = index === 0 ? this.#string() : entry(index)[0];
    return [name, this.#string()];
  }

  /** RFC 7541 §5.2. */
  #string(): string {
    const huffman = this.peek() >= 0x80;
    const length = this.integer(7);
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return huffman ? decodeHuffman(bytes) : latin1Text(bytes);
  }

  #next(): number {
    const next = this.peek();
    this.#at++;
    return next;
  }
}

function decodeHuffman(bytes: Bytes): string {
  let text = "";
  let code = "";
  for (const bit of Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("")) {
    code += bit;
    const found = CODES.get(code);
    if (found === undefined) continue;
    text += String.fromCharCode(found);
    code = "";
  }
  if (/^1{0,7}$/.test(code)) return text; // Padding.
  throw new Deno.errors.InvalidData(`Cannot decode the Huffman code ${code} behind "${text}"`);
}

/** Codes of the same length count up in the order of their bytes. */
function canonicalCodes(): Map<string, number> {
  const bytes = CODE_LENGTHS.map((bits, byte) => ({ bits, byte }));
  bytes.sort((a, b) => a.bits - b.bits || a.byte - b.byte);
  const codes = new Map<string, number>();
  let code = 0;
  let length = 0;
  for (const { bits, byte } of bytes) {
    code *= 2 ** (bits - length);
    length = bits;
    codes.set(code.toString(2).padStart(bits, "0"), byte);
    code++;
  }
  return codes;
}

function entry(index: number): [name: string, value: string] {
  const found = STATIC_TABLE[index - 1];
  if (found) return found;
  throw new Deno.errors.InvalidData(
    `Header ${index} is in the dynamic table, which is switched off`,
  );
}

function literal(text: string): Bytes {
  const bytes = latin1Bytes(text);
  return concatBytes([integer(bytes.length, 7), bytes]);
}

function integer(value: number, prefixBits: number): Bytes {
  const limit = 2 ** prefixBits - 1;
  if (value < limit) return byte(value);
  const bytes = [limit];
  let left = value - limit;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push(left % 128 + 128);
  return Uint8Array.from([...bytes, left]);
}

function byte(value: number): Bytes {
  return Uint8Array.of(value);
}

function pseudo(line: string): [name: string, value: string] {
  const colon = line.indexOf(":", 1);
  return [line.slice(0, colon), line.slice(colon + 1)];
}
