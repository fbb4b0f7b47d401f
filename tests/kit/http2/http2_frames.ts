import { type Bytes, concatBytes } from "../http1/bytes.ts";

/** Frame types, RFC 9113 §6. */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
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
export const ERROR_CODE = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  refusedStream: 7,
  cancel: 8,
  enhanceYourCalm: 11,
} as const;

/** Settings, RFC 9113 §6.5.2. */
export const SETTING = {
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxHeaderListSize: 6,
} as const;

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

/** What a SETTINGS frame says. */
export function parseSettings(payload: Bytes): Map<number, number> {
  const settings = new Map<number, number>();
  for (let at = 0; at < payload.length; at += 6) {
    settings.set(readUint32(payload, at) >>> 16, readUint32(payload, at + 2));
  }
  return settings;
}

/**
 * The frames that carry a header block.
 *
 * @param flags besides END_HEADERS, which the last one has
 */
export function headerFrames(streamId: number, block: Bytes, flags: number): Bytes {
  const pieces: Bytes[] = [];
  for (let offset = 0; offset < block.length; offset += MAX_PAYLOAD) {
    pieces.push(block.subarray(offset, offset + MAX_PAYLOAD));
  }
  return concatBytes(pieces.map((piece, index) => {
    const last = index === pieces.length - 1 ? FLAG.endHeaders : 0;
    const type = index === 0 ? FRAME.headers : FRAME.continuation;
    return formatFrame(type, last | (index === 0 ? flags : 0), streamId, piece);
  }));
}
