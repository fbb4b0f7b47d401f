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

/** How a frame begins. */
interface FrameHead {
  readonly fin: boolean;
  readonly opcode: number;
  /** Bytes that the head takes. */
  readonly size: number;
  /** Bytes of payload behind it. */
  readonly length: number;
}

/**
 * The frame at the front of what has come, if it is there whole. This is how messages of a few
 * bytes are read, hundreds at a time, without a promise for each.
 *
 * @param maxBytes the longest payload of data to accept
 * @returns a frame whose payload is valid until the next read
 * @throws {FrameError} when it is none, or too long
 */
export function frameAtHand(source: ByteSource, maxBytes: number): Frame | undefined {
  const head = parseHead(source.buffered, maxBytes);
  if (head === undefined || source.buffered.length < head.size + head.length) return undefined;
  source.take(head.size);
  return { fin: head.fin, opcode: head.opcode, payload: source.take(head.length) };
}

/**
 * Reads one frame as a server sends it.
 *
 * @param maxBytes the longest payload of data to accept
 * @returns `undefined` at the end of the connection
 * @throws {FrameError} when it is none, or too long
 * @throws {Deno.errors.UnexpectedEof} when the connection ends inside it
 */
export async function readFrame(source: ByteSource, maxBytes: number): Promise<Frame | undefined> {
  let head = parseHead(source.buffered, maxBytes);
  while (head === undefined) {
    if (!await source.more()) {
      if (source.buffered.length === 0) return undefined;
      throw new Deno.errors.UnexpectedEof("The connection ended inside a frame's head");
    }
    head = parseHead(source.buffered, maxBytes);
  }
  source.take(head.size);
  const payload = await source.exact(head.length);
  if (payload === undefined) throw new Deno.errors.UnexpectedEof("No payload");
  return { fin: head.fin, opcode: head.opcode, payload };
}

/** RFC 6455 §5.2. What is wrong is found as soon as the byte that says so is there. */
function parseHead(bytes: Uint8Array<ArrayBuffer>, maxBytes: number): FrameHead | undefined {
  if (bytes.length < 2) return undefined;
  const [first = 0, second = 0] = bytes;
  const fin = (first & FIN) !== 0;
  const opcode = first & 0x0f;
  if ((first & RESERVED) !== 0) throw new FrameError(1002, "Reserved bits are set");
  if ((second & MASKED) !== 0) throw new FrameError(1002, "A server's frame is masked");
  checkKind(opcode, fin, second);
  const size = second < LENGTH_16 ? 2 : second === LENGTH_16 ? 4 : 10;
  if (bytes.length < size) return undefined;
  const length = size === 2 ? second : extendedLength(bytes, size);
  if (opcode < OPCODE.close && length > maxBytes) {
    throw new FrameError(1009, `Longer than ${maxBytes} bytes`);
  }
  return { fin, opcode, size, length };
}

function checkKind(opcode: number, fin: boolean, shortLength: number): void {
  const isControl = opcode >= OPCODE.close;
  if (isControl ? opcode > OPCODE.pong : opcode > OPCODE.binary) {
    throw new FrameError(1002, `Unknown opcode ${opcode}`);
  }
  if (isControl && (!fin || shortLength > LONGEST_CONTROL)) {
    throw new FrameError(1002, "A control frame is fragmented or too long");
  }
}

function extendedLength(bytes: Uint8Array<ArrayBuffer>, size: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return size === 4 ? view.getUint16(2) : Number(view.getBigUint64(2));
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
 * @throws {FrameError} when it is malformed, or its code may not be sent
 */
export function decodeClose(payload: Uint8Array<ArrayBuffer>): CloseInfo {
  if (payload.length === 0) return { code: undefined, reason: "" };
  if (payload.length === 1) throw new FrameError(1002, "A close frame of one byte");
  const code = new DataView(payload.buffer, payload.byteOffset).getUint16(0);
  if (!maySendCode(code)) throw new FrameError(1002, `A close frame with the code ${code}`);
  return { code, reason: decodeText(payload.subarray(2)) };
}

/** Whether a close may be sent: the runtime lets clients say more than a control frame holds. */
export function maySend({ code, reason }: CloseInfo): boolean {
  return (code === undefined || maySendCode(code)) &&
    new TextEncoder().encode(reason).length <= LONGEST_CONTROL - 2;
}

/** Codes that say how a connection ended without a code in a frame. */
const NEVER_SENT: readonly number[] = [1004, 1005, 1006];

/**
 * Whether a close frame may hold a code: RFC 6455 §7.4, and what stands in the registry that it
 * began (https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number).
 */
function maySendCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && !NEVER_SENT.includes(code);
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
