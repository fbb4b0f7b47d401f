import type { Arrival } from "../http1/byte_reader.ts";
import { type Bytes, concatBytes, latin1Text, toBytes } from "../http1/bytes.ts";

/** Opcodes of frames (RFC 6455 §5.2). */
export const OPCODES = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** A frame to be written as given, valid or not. */
export interface FrameParts {
  /** A name, or any of the sixteen. */
  readonly opcode: keyof typeof OPCODES | number;
  /** A string is sent one byte a character. @default {""} */
  readonly payload?: string | Uint8Array;
  /** @default {true} */
  readonly fin?: boolean;
  /** The three reserved bits, 4 being the first. @default {0} */
  readonly rsv?: number;
  /** Masked as a client has to. @default {false} */
  readonly masked?: boolean;
  /** Bytes for the length: 1, 3 or 9. @default {as few as it needs} */
  readonly lengthBytes?: 1 | 3 | 9;
  /** What it says its length is. @default {the payload's} */
  readonly length?: number | bigint;
}

const MASK = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d); // As in RFC 6455 §5.7.

/** The bytes of a frame. */
export function frame(parts: FrameParts): Bytes {
  const { fin = true, rsv = 0, masked = false } = parts;
  const payload = toBytes(parts.payload ?? "");
  const opcode = typeof parts.opcode === "number" ? parts.opcode : OPCODES[parts.opcode];
  const first = Uint8Array.of((fin ? 0x80 : 0) | rsv << 4 | opcode);
  const head = [first, lengthOf(parts, payload.length, masked)];
  if (!masked) return concatBytes([...head, payload]);
  return concatBytes([...head, MASK, payload.map((byte, index) => byte ^ MASK[index & 3]!)]);
}

/** The payload of a close frame. */
export function closing(code: number, reason = ""): string {
  return String.fromCharCode(code >> 8, code & 0xff) + reason;
}

function lengthOf({ length, lengthBytes }: FrameParts, payload: number, masked: boolean): Bytes {
  const value = BigInt(length ?? payload);
  const size = lengthBytes ?? (value < 126n ? 1 : value < 65_536n ? 3 : 9);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, (masked ? 0x80 : 0) | (size === 1 ? Number(value) : size === 3 ? 126 : 127));
  if (size === 3) view.setUint16(1, Number(value));
  if (size === 9) view.setBigUint64(1, value);
  return bytes;
}

/** A frame as it was read. */
export interface ReadFrame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly masked: boolean;
  /** Unmasked. */
  readonly payload: Bytes;
}

/** Reads frames from raw bytes, without judging them. */
export class FrameReader {
  readonly #readSome: () => Promise<Arrival | null>;
  #bytes: Bytes = new Uint8Array();

  /** @param readSome the next bytes of the connection, or null at its end */
  constructor(readSome: () => Promise<Arrival | null>) {
    this.#readSome = readSome;
  }

  /** The next frame, or null where the connection ends before it is whole. */
  async next(): Promise<ReadFrame | null> {
    const head = await this.#peek(2);
    if (head === null) return null;
    const [first = 0, second = 0] = head;
    const masked = (second & 0x80) !== 0;
    const short = second & 0x7f;
    const start = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
    const dataAt = start + (masked ? 4 : 0);
    const whole = await this.#peek(dataAt);
    if (whole === null) return null;
    const view = new DataView(whole.buffer, whole.byteOffset);
    const length = short < 126
      ? short
      : short === 126
      ? view.getUint16(2)
      : Number(view.getBigUint64(2));
    const key = whole.slice(start, dataAt);
    const all = await this.#peek(dataAt + length);
    if (all === null) return null;
    const payload = all.slice(dataAt).map((byte, index) => masked ? byte ^ key[index & 3]! : byte);
    this.#bytes = this.#bytes.slice(dataAt + length);
    return { opcode: first & 0x0f, fin: (first & 0x80) !== 0, masked, payload };
  }

  async #peek(count: number): Promise<Bytes | null> {
    const parts = [this.#bytes];
    for (let { length } = this.#bytes; length < count;) {
      const arrival = await this.#readSome();
      if (arrival === null) return null;
      parts.push(arrival.bytes);
      length += arrival.bytes.length;
    }
    this.#bytes = concatBytes(parts);
    return this.#bytes.subarray(0, count);
  }
}

/** A frame in a few words: `text "hello"`, `binary 65536 x "a"`, `close 1000 "bye"`. */
export function inWords({ opcode, fin, payload }: ReadFrame): string {
  const name = Object.entries(OPCODES).find(([, code]) => code === opcode)?.[0] ??
    `opcode ${opcode}`;
  const kind = fin ? name : `${name}, to be continued,`;
  if (opcode !== OPCODES.close) return `${kind} ${quoted(payload)}`;
  if (payload.length < 2) return payload.length === 0 ? kind : `${kind} of one byte`;
  return `${kind} ${payload[0]! << 8 | payload[1]!} ${quoted(payload.subarray(2))}`;
}

function quoted(payload: Uint8Array): string {
  const isRun = payload.length > 40 && payload.every((byte) => byte === payload[0]);
  if (isRun) return `${payload.length} x ${quoted(payload.subarray(0, 1))}`;
  return JSON.stringify(latin1Text(payload));
}
