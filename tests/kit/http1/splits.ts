import fc from "fast-check";
import type { Bytes } from "./bytes.ts";

/** Where to cut, as fractions of the whole. */
export const splits = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

/** Cuts bytes at fractions of their length. */
export function splitAt(bytes: Bytes, fractions: readonly number[]): Bytes[] {
  const cuts = fractions.map((fraction) => Math.round(fraction * bytes.length)).sort((a, b) =>
    a - b
  );
  return [...cuts, bytes.length].map((end, index) => bytes.slice(cuts[index - 1] ?? 0, end));
}
