import { type Bytes, concatBytes, latin1Bytes, toBytes } from "./bytes.ts";

/** Frame types, RFC 9113 §6. */
export const FRAME = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags of the frames here: END_STREAM and ACK share a bit. */
export const FLAG = { endStream: 1, ack: 1, endHeaders: 4 } as const;

/** Error codes that tests expect, RFC 9113 §7. */
export const ERROR_CODE = { noError: 0, cancel: 8 } as const;

/** What a client sends first, RFC 9113 §3.4; its SETTINGS frame follows. */
export const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** The largest payload that every peer must take. */
export const MAX_PAYLOAD = 16_384;

const HEAD_LENGTH = 9;

/** One frame. */
export interface Frame {
  type: number;
  flags: number;
  streamId: number;
  payload: Bytes;
}

/** A frame's bytes. */
export function formatFrame(type: number, flags: number, streamId: number, payload: Uint8Array) {
  const head = new DataView(new ArrayBuffer(HEAD_LENGTH));
  head.setUint32(0, payload.length << 8 | type);
  head.setUint8(4, flags);
  head.setUint32(5, streamId);
  return concatBytes([new Uint8Array(head.buffer), payload]);
}

/** The first frame of the bytes and what follows it, or undefined where it is not whole yet. */
export function parseFrame(bytes: Bytes): { frame: Frame; rest: Bytes } | undefined {
  if (bytes.length < HEAD_LENGTH) return undefined;
  const head = new DataView(bytes.buffer, bytes.byteOffset, HEAD_LENGTH);
  const end = HEAD_LENGTH + (head.getUint32(0) >>> 8);
  if (bytes.length < end) return undefined;
  const frame = {
    type: head.getUint8(3),
    flags: head.getUint8(4),
    streamId: head.getUint32(5) & 0x7fffffff,
    payload: bytes.slice(HEAD_LENGTH, end),
  };
  return { frame, rest: bytes.subarray(end) };
}

/** A 32-bit number as a payload. */
export function uint32(value: number): Bytes {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value);
  return new Uint8Array(view.buffer);
}

/** The 32-bit number at an offset of a payload. */
export function readUint32(payload: Bytes, offset: number): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(offset);
}

/** One setting, RFC 9113 §6.5.1. */
export function formatSetting(identifier: number, value: number): Bytes {
  return concatBytes([uint32(identifier).subarray(2), uint32(value)]);
}

/** A header block of literals that enter no table and are not Huffman-coded (RFC 7541 §6.2.2). */
export function encodeHeaders(headers: readonly [name: string, value: string][]): Bytes {
  return concatBytes(
    headers.flatMap(([name, value]) => [latin1Bytes("\x00"), encodeText(name), encodeText(value)]),
  );
}

function encodeText(text: string): Bytes {
  const bytes = toBytes(text);
  return concatBytes([encodeLength(bytes.length), bytes]);
}

/** An integer with a prefix of 7 bits, RFC 7541 §5.1. */
function encodeLength(value: number): Bytes {
  if (value < 127) return new Uint8Array([value]);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest >>>= 7) bytes.push(rest & 127 | 128);
  return new Uint8Array([...bytes, rest]);
}

/** `:status` in the static table, RFC 7541 appendix A, by index. */
const STATIC_STATUS: Readonly<Record<number, number>> = {
  8: 200,
  9: 204,
  10: 206,
  11: 304,
  12: 400,
  13: 404,
  14: 500,
};

/**
 * The status of a response, which is always the first field of its header block. A client that
 * announces a header table of no size gets blocks that need none to be read.
 */
export function decodeStatus(block: Bytes): number {
  const skipped = block.findIndex((byte) => (byte & 0xe0) !== 0x20); // Size updates of the table.
  const field = block.subarray(skipped);
  const first = field[0] ?? 0;
  if (first & 0x80) return STATIC_STATUS[first & 0x7f] ?? Number.NaN;
  const length = field[1] ?? 0;
  const value = field.subarray(2, 2 + (length & 0x7f));
  return Number(length & 0x80 ? decodeDigits(value) : new TextDecoder().decode(value));
}

/** Three digits in the Huffman code of RFC 7541 appendix B: 0 to 2 have 5 bits, the others 6. */
function decodeDigits(bytes: Bytes): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  let digits = "";
  for (let at = 0; digits.length < 3;) {
    const short = parseInt(bits.slice(at, at + 5), 2);
    digits += short <= 2 ? short : parseInt(bits.slice(at, at + 6), 2) - 0x19 + 3;
    at += short <= 2 ? 5 : 6;
  }
  return digits;
}
