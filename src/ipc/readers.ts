/**
 * Readers of the plain values that messages are made of: each returns the value it was given, typed,
 * or throws what it expected.
 *
 * @module
 */

/** Takes a value of unknown origin for what it is, or throws a TypeError. */
export type Reader<T> = (value: unknown) => T;

/** The fields of an object. */
export function fields(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw new TypeError("expected an object");
  return value as Readonly<Record<string, unknown>>;
}

/** A string. */
export function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("expected a text");
  return value;
}

/** A number other than NaN. */
export function number(value: unknown): number {
  if (typeof value !== "number" || Number.isNaN(value)) throw new TypeError("expected a number");
  return value;
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
