/** What bytes are written to: a connection, a file. */
export interface Writable {
  /** Takes a part of the bytes, at least one, and says how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Writes every byte, however few are taken at a time. */
export async function writeAll(to: Writable, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await to.write(bytes.subarray(written));
}
