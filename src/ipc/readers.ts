/**
 * Readers of the plain values that messages are made of: each returns the value it was given, typed,
 * or throws what it expected.
 *
 * @module
 */

/** Characters of a text at most. Nothing that a worker has to say is as long. */
const LONGEST_TEXT = 1_048_576;
/** Characters that are kept of a text for people: lines of a log are of a bounded length. */
const LONGEST_LINE = 2_048;

/** Takes a value of unknown origin for what it is, or throws a TypeError. */
export type Reader<T> = (value: unknown) => T;

/** The fields of an object. */
export function fields(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw new TypeError("expected an object");
  return value as Readonly<Record<string, unknown>>;
}

/** A string that is not too long. */
export function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("expected a text");
  if (value.length > LONGEST_TEXT) throw new TypeError("expected a shorter text");
  return value;
}

/** A string for people: what is too long of it is left out. */
export function line(value: unknown): string {
  return text(value).slice(0, LONGEST_LINE);
}

/** A number other than NaN. */
export function number(value: unknown): number {
  if (typeof value !== "number" || Number.isNaN(value)) throw new TypeError("expected a number");
  return value;
}

/** A time span in milliseconds. */
export function milliseconds(value: unknown): number {
  if (number(value) < 0 || value === Infinity) throw new TypeError("expected milliseconds");
  return number(value);
}

/** How many there are of something. */
export function count(value: unknown): number {
  if (!Number.isSafeInteger(value) || number(value) < 0) throw new TypeError("expected a count");
  return number(value);
}

/** A list that is not too long. */
export function list<T>(read: Reader<T>, longest: number): Reader<T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new TypeError("expected a list");
    if (value.length > longest) throw new TypeError(`expected at most ${longest} of a list`);
    return value.map(read);
  };
}

/** One of a closed set of labels. */
export function oneOf<Label extends string>(...labels: readonly Label[]): Reader<Label> {
  return (value) => {
    const found = labels.find((label) => label === value);
    if (found === undefined) throw new TypeError(`expected ${labels.join(" or ")}`);
    return found;
  };
}

/** What the reader reads, or nothing. */
export function optional<T>(read: Reader<T>): Reader<T | undefined> {
  return (value) => value === undefined ? undefined : read(value);
}
