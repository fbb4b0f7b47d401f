/** What of fast-check's parameters a property of ours sets. */
export interface PropertyRuns {
  numRuns: number;
  /** Only where `FAST_CHECK_SEED` gives one: fast-check picks and prints its own otherwise. */
  seed?: number;
}

/**
 * How often a property is tried. Two variables of the environment change that:
 * `FAST_CHECK_TIMES=20` tries each twenty times as often, `FAST_CHECK_SEED` repeats the run that
 * printed this seed.
 *
 * @param numRuns As many as are worth their time in an ordinary run of the tests.
 * @example
 * ```sh
 * FAST_CHECK_TIMES=20 deno test -A tests/wire/properties/
 * ```
 */
export function runs(numRuns: number): PropertyRuns {
  const seed = wholeNumber("FAST_CHECK_SEED");
  const times = wholeNumber("FAST_CHECK_TIMES") ?? 1;
  return { numRuns: numRuns * times, ...(seed !== undefined && { seed }) };
}

/** @throws {TypeError} When the variable is set to something else. */
function wholeNumber(variable: string): number | undefined {
  const text = Deno.env.get(variable);
  if (text === undefined) return undefined;
  if (/^-?[0-9]{1,10}$/.test(text)) return Number(text);
  throw new TypeError(`Cannot read ${variable}: expected a whole number, got "${text}"`);
}
