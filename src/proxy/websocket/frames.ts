import type { ByteSource } from "../../net/byte_source.ts";

/** Opcodes of frames (RFC 6455 §5.2). */
export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** One frame, unmasked. */
export interface Frame {
  /** Whether it ends its message. */
  readonly fin: boolean;
  /** One of {@linkcode OPCODE}. */
  readonly opcode: number;
  /** What it carries. */
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** A peer breaks the protocol. */
export class FrameError extends Error {
  /** Tells it apart from other errors, in a log too. */
  override readonly name = "FrameError";
  /** The close code that says so (RFC 6455 §7.4.1). */
  readonly code: 1002 | 1007 | 1009;

  /**
   * Says what the peer did.
   *
   * @param code see {@linkcode FrameError.code}
   * @param message what is wrong, without the peer's bytes
   */
  constructor(code: FrameError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

const FIN = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const LONGEST_CONTROL = 125;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/**
 * A frame as a client sends it, masked (RFC 6455 §5.3).
 *
 * @param maskKey four random bytes
 */
export function encodeFrame(
  opcode: number,
  payload: Uint8Array,
  maskKey: Uint8Array<ArrayBuffer> = crypto.getRandomValues(new Uint8Array(4)),
): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const head = length <= LONGEST_CONTROL ? 6 : length <= 0xffff ? 8 : 14;
  const padding = -head & 3; // The payload starts on a word, so that it can be masked by words.
  const buffer = new ArrayBuffer(padding + head + length);
  const view = new DataView(buffer, padding);
  view.setUint8(0, FIN | opcode);
  view.setUint8(1, MASKED | (head === 6 ? length : head === 8 ? LENGTH_16 : LENGTH_64));
  if (head === 8) view.setUint16(2, length);
  if (head === 14) view.setBigUint64(2, BigInt(length));
  const frame = new Uint8Array(buffer, padding);
  frame.set(maskKey, head - 4);
  frame.set(payload, head);
  mask(new Uint8Array(buffer, padding + head), maskKey);
  return frame;
}

function mask(payload: Uint8Array<ArrayBuffer>, key: Uint8Array<ArrayBuffer>): void {
  const words = new Uint32Array(payload.buffer, payload.byteOffset, payload.length >> 2);
  const [wordKey = 0] = new Uint32Array(key.slice().buffer);
  for (let index = 0; index < words.length; index++) words[index]! ^= wordKey;
  for (let index = words.length * 4; index < payload.length; index++) {
    payload[index]! ^= key[index & 3]!;
  }
}

/**
 * Reads one frame as a server sends it.
 *
 * @param maxBytes the longest payload to accept
 * @returns `undefined` at the end of the connection
 * @throws {FrameError} when it is none, or too long
 * @throws {Deno.errors.UnexpectedEof} when the connection ends inside it
 */
export async function readFrame(source: ByteSource, maxBytes: number): Promise<Frame | undefined> {
  const start = await source.exact(2);
  if (start === undefined) return undefined;
  const [first = 0, second = 0] = start;
  const opcode = first & 0x0f;
  const fin = (first & FIN) !== 0;
  if ((first & RESERVED) !== 0) throw new FrameError(1002, "Reserved bits are set");
  if ((second & MASKED) !== 0) throw new FrameError(1002, "A server's frame is masked");
  const length = await payloadLength(source, second);
  checkKind(opcode, fin, length);
  if (length > maxBytes) throw new FrameError(1009, `Longer than ${maxBytes} bytes`);
  const payload = length === 0 ? new Uint8Array() : await source.exact(length);
  if (payload === undefined) throw new Deno.errors.UnexpectedEof("No payload");
  return { fin, opcode, payload };
}

async function payloadLength(source: ByteSource, length: number): Promise<number> {
  if (length < LENGTH_16) return length;
  const bytes = await source.exact(length === LENGTH_16 ? 2 : 8);
  if (bytes === undefined) throw new Deno.errors.UnexpectedEof("No length");
  const view = new DataView(bytes.buffer);
  return length === LENGTH_16 ? view.getUint16(0) : Number(view.getBigUint64(0));
}

function checkKind(opcode: number, fin: boolean, length: number): void {
  const isControl = opcode >= OPCODE.close;
  if (isControl ? opcode > OPCODE.pong : opcode > OPCODE.binary) {
    throw new FrameError(1002, `Unknown opcode ${opcode}`);
  }
  if (isControl && (!fin || length > LONGEST_CONTROL)) {
    throw new FrameError(1002, "A control frame is fragmented or too long");
  }
}

/** The payload of a close frame (RFC 6455 §5.5.1); none without a code. */
export function encodeClose({ code, reason }: CloseInfo): Uint8Array<ArrayBuffer> {
  if (code === undefined) return new Uint8Array();
  const text = new TextEncoder().encode(reason);
  const payload = new Uint8Array(2 + text.length);
  new DataView(payload.buffer).setUint16(0, code);
  payload.set(text, 2);
  return payload;
}

/** What a close frame says. */
export interface CloseInfo {
  /** `undefined` where it names none. */
  readonly code: number | undefined;
  /** For people; empty where there is none. */
  readonly reason: string;
}

/**
 * Reads the payload of a close frame.
 *
 * @throws {FrameError} when it is malformed
 */
export function decodeClose(payload: Uint8Array<ArrayBuffer>): CloseInfo {
  if (payload.length === 0) return { code: undefined, reason: "" };
  if (payload.length === 1) throw new FrameError(1002, "A close frame of one byte");
  const code = new DataView(payload.buffer, payload.byteOffset).getUint16(0);
  return { code, reason: decodeText(payload.subarray(2)) };
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a text; a BOM is part of it.
 *
 * @throws {FrameError} when it is not UTF-8 (RFC 6455 §8.1)
 */
export function decodeText(payload: Uint8Array): string {
  try {
    return UTF8.decode(payload);
  } catch {
    throw new FrameError(1007, "A text is not UTF-8");
  }
}
