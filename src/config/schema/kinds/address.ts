import * as v from "valibot";
import { type Kind, kindOf } from "./kind.ts";

/** Labels of letters, digits and inner hyphens, RFC 1123 section 2.1; the last is no number. */
const HOST_NAME =
  /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*(?!\d+$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

const HTTP_SCHEME = /^https?:\/\//i;

/** An IP address or host name to listen on, with neither brackets nor port. */
export function bindAddress(): Kind<string> {
  const expected = "expected an IP address or host name, such as 0.0.0.0, ::1 or localhost";
  return kindOf(
    v.pipe(
      v.string(expected),
      v.check((s) => !hasPort(s), "expected an address alone; the port goes to port"),
      v.check((s) => !/^\[.*\]$/.test(s), "expected an IPv6 address without its brackets"),
      v.check((s) => isIp(s) || HOST_NAME.test(s), expected),
    ),
  );
}

/** A host as a `Host` header names it, less its port; a service's name may hold an underscore. */
export function hostName(): Kind<string> {
  const expected = "expected a host name or IP address, with neither scheme, port nor brackets";
  return kindOf(v.pipe(
    v.string(expected),
    v.check((s) => isIp(s) || /^[a-z0-9_]([a-z0-9._-]{0,252})$/i.test(s), expected),
    v.toLowerCase(),
  ));
}

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
    v.check((s) => s.includes(".") && HOST_NAME.test(s), expected),
  ));
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

/**
 * Origin of web pages, as browsers send it:
 * https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin.
 * Schemes of applications are allowed too, whose pages have origins such as `tauri://localhost`.
 */
export function origin(): Kind<string> {
  const expected = "expected the origin of web pages, such as https://app.example.com: " +
    "scheme, host and port, and nothing behind them";
  return kindOf(v.pipe(
    v.string(expected),
    v.check((s) => ORIGIN.test(s) && URL.canParse(s), expected),
    v.transform((s) => new URL(s)),
    v.check((url) => !HTTP_SCHEME.test(url.href) || `${url.origin}/` === url.href, expected),
    v.transform((url) => HTTP_SCHEME.test(url.href) ? url.origin : url.href.replace(/\/$/, "")),
  ));
}

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[\p{L}\p{M}\p{N}._~:[\]-]+\/?$/iu;

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

function isIp(address: string): boolean {
  return v.is(v.pipe(v.string(), v.ip()), address);
}

function hasPort(address: string): boolean {
  return /^(\[.*\]|[^:]*):\d+$/.test(address) && !isIp(address);
}
