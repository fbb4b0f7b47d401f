import * as v from "valibot";
import { type Kind, kindOf } from "./kind.ts";

/** Two or more labels of letters, digits and inner hyphens, RFC 1123 section 2.1. */
const DOMAIN_NAME =
  /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Enough to catch what is no address; whether it receives mail nobody can tell from here. */
const EMAIL = /^[^\s@,;]+@[^\s@,;]+\.[^\s@,;]+$/;

/** Base64 (RFC 4648 section 5), with or without padding. */
const BASE64URL = /^[A-Za-z0-9_-]+={0,2}$/;

/** A domain name that a certificate can be had for by the HTTP-01 challenge, in lower case. */
export function domainName(): Kind<string> {
  const expected = "expected a domain name, such as proxy.example.com";
  return kindOf(v.pipe(
    v.string(expected),
    v.check(
      (s) => !s.startsWith("*."),
      "expected a name without a wildcard, which HTTP-01 challenges cannot prove (RFC 8555 7.1.3)",
    ),
    v.toLowerCase(),
    v.regex(DOMAIN_NAME, expected),
  ));
}

/** A list that is not empty and names nothing twice. */
export function oneOrMore<Value>(list: Kind<Value[]>): Kind<Value[]> {
  return {
    ...list,
    check(value) {
      const checked = list.check(value);
      if (!checked.ok) return checked;
      const { length } = checked.value;
      if (length === 0) return { ok: false, message: "expected one or more, got an empty list" };
      if (new Set(checked.value).size < length) {
        return { ok: false, message: "expected each once, got one twice" };
      }
      return checked;
    },
  };
}

/** An e-mail address. */
export function emailAddress(): Kind<string> {
  const expected = "expected an e-mail address, such as admin@example.com";
  return kindOf(v.pipe(v.string(expected), v.regex(EMAIL, expected)));
}

/** An https URL, as RFC 8555 section 6.1 asks for. */
export function httpsUrl(): Kind<string> {
  const expected = "expected a URL that starts with https://";
  return kindOf(v.pipe(
    v.string(expected),
    v.check((s) => URL.canParse(s) && new URL(s).protocol === "https:", expected),
    v.check(
      (s) => new URL(s).username === "" && new URL(s).password === "",
      "expected a URL without credentials",
    ),
  ));
}

/** A key in base64url, as certificate authorities hand out for external account binding. */
export function base64urlKey(): Kind<string> {
  const expected = "expected a key in base64url (letters, digits, - and _)";
  return kindOf(v.pipe(v.string(expected), v.regex(BASE64URL, expected)), { echo: false });
}
