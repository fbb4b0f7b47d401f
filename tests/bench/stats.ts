/** The middle value, or the mean of the two in the middle; `undefined` of nothing. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((one, other) => one - other);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

/**
 * The smallest value that at least a share of all values do not exceed (nearest rank).
 *
 * @param share From 0 to 1, such as 0.99.
 * @returns `undefined` of nothing
 */
export function percentile(values: Float64Array, share: number): number | undefined {
  const rank = Math.max(1, Math.ceil(values.length * share));
  return values.toSorted()[rank - 1];
}

/** What one round measured, by name. A figure that could not be had is absent. */
export type Figures = Readonly<Record<string, number | undefined>>;

/** The median over the rounds of each figure, of those rounds that have it. */
export function medians(rounds: readonly Figures[]): Figures {
  const names = new Set(rounds.flatMap((figures) => Object.keys(figures)));
  return Object.fromEntries(
    [...names].map((name) => [name, median(rounds.map((round) => round[name]).filter(isNumber))]),
  );
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined;
}
