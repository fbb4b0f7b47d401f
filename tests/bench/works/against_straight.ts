import type { Row } from "./work.ts";

/**
 * Adds to each row what its latencies have on top of those of "straight" under the same load.
 *
 * @param keys figures to compare; `p50` is joined by `added_p50`
 */
export function withAdded(rows: readonly Row[], keys: readonly string[]): Row[] {
  return rows.map((row) => {
    const floor = rows.find(({ contender, load }) => contender === "straight" && load === row.load);
    if (floor === undefined || floor === row) return row;
    const added = keys.map((key) => [`added_${key}`, difference(row, floor, key)]);
    return { ...row, figures: { ...row.figures, ...Object.fromEntries(added) } };
  });
}

function difference(row: Row, floor: Row, key: string): number | undefined {
  const [value, from] = [row.figures[key], floor.figures[key]];
  return value === undefined || from === undefined ? undefined : value - from;
}
