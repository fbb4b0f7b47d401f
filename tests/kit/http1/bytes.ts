import { Buffer } from "node:buffer";

/** Bytes that own their memory, as everything in the kit hands them out. */
export type Bytes = Uint8Array<ArrayBuffer>;

/**
 * One byte a character, so that a test can write any byte as `"\x00"` to `"\xff"`.
 *
 * @throws {RangeError} On a character past U+00FF, which has no byte.
 */
export function latin1Bytes(text: string): Bytes {
  const wide = /[\u0100-\u{10ffff}]/u.exec(text);
  if (wide) {
    throw new RangeError(
      `Cannot send ${JSON.stringify(wide[0])} as one byte: expected characters up to U+00FF`,
    );
  }
  return new Uint8Array(Buffer.from(text, "latin1"));
}

/** One character a byte; unlike `TextDecoder("latin1")`, which is Windows-1252, it loses nothing. */
export function latin1Text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** What the wire carries for a string or for bytes. */
export function toBytes(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? latin1Bytes(content) : content;
}

/** Joins pieces into one array of its own. */
export function concatBytes(pieces: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(pieces.reduce((total, piece) => total + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
  }
  return joined;
}

/** The count and the last bytes, quoted, for the message of a failed wait. */
export function previewBytes(bytes: Uint8Array, shown = 400): string {
  const tail = JSON.stringify(latin1Text(bytes.subarray(-shown)));
  return `${bytes.length} bytes ${bytes.length > shown ? `ending in ${tail}` : tail}`;
}

/** Whether two arrays hold the same bytes; `assert.deepEqual` takes long over large ones. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.from(one.buffer, one.byteOffset, one.byteLength).equals(other);
}
