import * as v from "valibot";
import { type Kind, kindOf } from "./kind.ts";

const HTTP_SCHEME = /^https?:\/\//i;

/**
 * Base URL of the upstream, without trailing slashes. The value is never repeated in a
 * message, because a wrong one may hold a password or a key.
 */
export function upstreamUrl(): Kind<string> {
  return kindOf(
    v.pipe(
      v.string("expected a URL, such as https://api.anthropic.com"),
      v.check((s) => HTTP_SCHEME.test(s), "expected a URL that starts with https:// or http://"),
      v.check((s) => URL.canParse(s), "expected a URL, but its host or port cannot be read"),
      v.check((s) => !/[\s\\]/.test(s), "expected a URL without spaces, line ends or backslashes"),
      v.check(
        (s) => new URL(s).username === "" && !authority(s).includes("@"),
        "expected a URL without credentials; the upstream's key goes to upstream_auth.api_key",
      ),
      v.check((s) => !s.includes("#"), "expected a URL without a fragment (the part from #)"),
      v.check((s) => !s.includes("?"), "expected a URL without a query (the part from ?)"),
      v.transform((s) => new URL(s).href.replace(/\/+$/, "")),
    ),
    { echo: false },
  );
}

function authority(url: string): string {
  return url.replace(HTTP_SCHEME, "").split(/[/?#]/, 1)[0] ?? "";
}
