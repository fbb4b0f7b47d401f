import * as v from "valibot";
import { type Kind, kindOf } from "./kind.ts";

const NOT_ASCII_TEXT = /[^\x20-\x7e]/;

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

/** Beginning of a header name (RFC 9110 section 5.6.2), in lower case afterwards. */
export function headerPrefix(): Kind<string> {
  const expected = "expected the beginning of header names, such as x-forwarded-";
  return kindOf(
    v.pipe(matching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, expected), v.toLowerCase()),
  );
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
