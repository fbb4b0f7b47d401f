import * as v from "valibot";
import { type Kind, kindOf } from "./kind.ts";

const NOT_ASCII_TEXT = /[^\x20-\x7e]/;

/** Characters of a field name, RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

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

/** Beginning of a header name, in lower case afterwards. */
export function headerPrefix(): Kind<string> {
  const expected = "expected the beginning of header names, such as x-forwarded-";
  return kindOf(v.pipe(v.string(expected), v.regex(TOKEN, expected), v.toLowerCase()));
}
