import * as v from "valibot";
import { type Kind, kindOf } from "./kind.ts";

/** What `@azure/identity` takes for a tenant: an ID or a domain. */
const TENANT = /^[0-9A-Za-z.-]+$/;
/** RFC 6749 section 3.3, less what a command line would read as its own. */
const SCOPE = /^[0-9A-Za-z_.:/-]+$/;

/** ID or domain of an Entra ID tenant. */
export function tenant(): Kind<string> {
  const expected = "expected the ID or a domain of a tenant, such as contoso.onmicrosoft.com";
  return kindOf(v.pipe(v.string(expected), v.regex(TENANT, expected)));
}

/** One scope of Entra ID. */
export function scope(): Kind<string> {
  const expected = "expected one scope, such as https://ai.azure.com/.default";
  return kindOf(v.pipe(v.string(expected), v.regex(SCOPE, expected)));
}

/** Origin of an Entra ID authority; secrets are sent there, so only over TLS. */
export function authorityHost(): Kind<string> {
  const expected = "expected the https:// URL of an authority, without a path";
  return kindOf(
    v.pipe(
      v.string(expected),
      v.check((s) => /^https:\/\//i.test(s) && URL.canParse(s), expected),
      v.transform((s) => new URL(s)),
      v.check((url) => `${url.origin}/` === url.href, expected),
      v.transform((url) => url.origin),
    ),
  );
}
