import * as v from "valibot";
import { type Kind, kindOf } from "./kind.ts";

const INTEGER_TEXT = /^[+-]?\d+$/;
const NUMBER_TEXT = /^[+-]?\d+(\.\d+)?$/;

/** Longest time a timer can wait: 2^31 - 1 milliseconds, in whole seconds. */
const MAX_SECONDS = 2_147_483;

/** Whole number from `min` to `max`. */
export function integer(range: { min: number; max?: number }): Kind<number> {
  const max = range.max ?? Number.MAX_SAFE_INTEGER;
  const bounds = range.max === undefined ? `${range.min} up` : `${range.min} to ${range.max}`;
  const expected = `expected a whole number from ${bounds}`;
  const inRange = (n: number) => Number.isSafeInteger(n) && n >= range.min && n <= max;
  return kindOf(v.pipe(v.number(expected), v.check(inRange, expected)), {
    fromText: (text) => (INTEGER_TEXT.test(text) ? Number(text) : text),
  });
}

/** Time in seconds, fractions allowed; `zero` says whether 0 makes sense. */
export function seconds(options: { zero: boolean }): Kind<number> {
  const expected = options.zero
    ? `expected seconds from 0 to ${MAX_SECONDS}`
    : `expected seconds, more than 0 and at most ${MAX_SECONDS}`;
  const inRange = (n: number) => (options.zero ? n >= 0 : n > 0) && n <= MAX_SECONDS;
  return kindOf(v.pipe(v.number(expected), v.check(inRange, expected)), {
    fromText: (text) => (NUMBER_TEXT.test(text) ? Number(text) : text),
  });
}

/** `true` or `false`, spelled exactly so. */
export function boolean(): Kind<boolean> {
  return kindOf(v.boolean("expected true or false"), {
    fromText: (text) => (text === "true" ? true : text === "false" ? false : text),
  });
}

/** One word of a closed list. */
export function oneOf<const Word extends string>(words: readonly Word[]): Kind<Word> {
  const list = words.map((word) => `"${word}"`).join(", ");
  const expected = words.length === 1 ? `expected ${list}` : `expected one of ${list}`;
  return kindOf(v.picklist(words, expected), { choices: words });
}
