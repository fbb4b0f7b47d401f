import { parseArgs } from "node:util";

/**
 * The options of a program, `--name value`.
 *
 * @param numbers Those that are numbers, and what they are where they are not given.
 * @param texts Those that may be any text, and are left out where they are not given.
 * @throws {TypeError} On another option, or a number that is none or below 0.
 */
export function programOptions<N extends string, T extends string = never>(
  args: readonly string[],
  numbers: Readonly<Record<N, number>>,
  texts: readonly T[] = [],
): Record<N, number> & Partial<Record<T, string>> {
  const names = [...Object.keys(numbers), ...texts];
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries(names.map((name) => [name, { type: "string" as const }])),
  });
  const read = Object.entries<number>(numbers).map(([name, otherwise]) => {
    const given = values[name];
    return [name, given === undefined ? otherwise : numberOf(name, given)];
  });
  return { ...values, ...Object.fromEntries(read) };
}

function numberOf(name: string, given: string): number {
  if (/^\d+(\.\d+)?$/.test(given)) return Number(given);
  throw new TypeError(`Cannot read --${name}: expected a number of at least 0, got "${given}"`);
}
