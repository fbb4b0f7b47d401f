import type { Bytes } from "../../kit/http1/bytes.ts";

/** A source that gives one piece a read and then its end. */
export function piecewise(pieces: readonly Bytes[]): Pick<Deno.Conn, "read"> {
  const left = pieces.filter((piece) => piece.length > 0);
  return {
    read(buffer: Uint8Array): Promise<number | null> {
      const piece = left.shift();
      if (!piece) return Promise.resolve(null);
      buffer.set(piece);
      return Promise.resolve(piece.length);
    },
  };
}
