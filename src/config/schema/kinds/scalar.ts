import * as v from "valibot";
import { type Kind, kindOf } from "./kind.ts";

const INTEGER_TEXT = /^[+-]?\d+$/;
const NUMBER_TEXT = /^[+-]?\d+(\.\d+)?$/;

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const NOT_ASCII_TEXT = /[^\x20-\x7e]/;

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

/** Any string that is not empty. */
export function text(expected = "expected text that is not empty"): Kind<string> {
  return kindOf(v.pipe(v.string(expected), v.nonEmpty(expected)));
}

/**
 * A key that travels in a header (RFC 9110 section 5.5). One that is empty would match
 * a client that sends none; one with outer spaces or other characters could match nobody.
 */
export function headerSecret(): Kind<string> {
  return kindOf(
    v.pipe(
      v.string("expected a string"),
      v.check((s) => s.trim() !== "", "expected a key, but it is empty: that protects nothing"),
      v.check((s) => !NOT_ASCII_TEXT.test(s), "expected printable ASCII only: a header carries it"),
      v.check((s) => s.trim() === s, "expected no space at either end: a header would lose it"),
    ),
    { echo: false },
  );
}

/**
 * Name of a header (RFC 9110 section 5.6.2), or with `-` or `*` at its end the beginning of names; in
 * lower case afterwards.
 *
 * @param stems what looks like a name and is none, because only names with more behind it exist
 */
export function headerPattern(stems: readonly string[]): Kind<string> {
  const expected = "expected the beginning of header names with - or * at its end, such as " +
    "x-forwarded-, or a whole name, such as x-real-ip";
  return kindOf(v.pipe(
    matching(/^[!#$%&'+\-.^_`|~0-9A-Za-z]+\*?$/, expected),
    v.toLowerCase(),
    v.check((name) => !stems.includes(name), expected),
  ));
}

/** Name of a header whose value the log shows, in lower case afterwards. */
export function loggedHeader(): Kind<string> {
  const expected = "expected the name of a header, such as x-request-id";
  const harmless = "expected a header that carries no credential: the log shows its value";
  return kindOf(v.pipe(
    matching(TOKEN, expected),
    v.check((name) => !/auth|cookie|key|secret|token/i.test(name), harmless),
    v.toLowerCase(),
  ));
}

/** An e-mail address, so far as looks tell; whether it receives mail nobody can say from here. */
export function emailAddress(): Kind<string> {
  const expected = "expected an e-mail address, such as admin@example.com";
  return kindOf(matching(/^[^\s@,;]+@[^\s@,;]+\.[^\s@,;]+$/, expected));
}

/**
 * A key in base64url, as certificate authorities hand out for external account binding: RFC 4648
 * section 5, with or without padding.
 */
export function base64urlKey(): Kind<string> {
  const expected = "expected a key in base64url (letters, digits, - and _)";
  return kindOf(matching(/^[A-Za-z0-9_-]+={0,2}$/, expected), { echo: false });
}

/** ID or domain of an Entra ID tenant: what `@azure/identity` takes for one. */
export function tenant(): Kind<string> {
  const expected = "expected the ID or a domain of a tenant, such as contoso.onmicrosoft.com";
  return kindOf(matching(/^[0-9A-Za-z.-]+$/, expected));
}

/** One scope of Entra ID: RFC 6749 section 3.3, less what a command line would read as its own. */
export function scope(): Kind<string> {
  const expected = "expected one scope, such as https://ai.azure.com/.default";
  return kindOf(matching(/^[0-9A-Za-z_.:/-]+$/, expected));
}

/** Part of a file name: no directory, nothing that a file system or a shell trips over. */
export function fileNamePart(): Kind<string> {
  const expected = "expected part of a file name: letters, digits, dots, hyphens and underscores";
  return kindOf(matching(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, expected));
}

function matching(pattern: RegExp, expected: string) {
  return v.pipe(v.string(expected), v.regex(pattern, expected));
}
