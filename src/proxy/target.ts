/**
 * A host with an optional port, and nothing that `Deno.serve` would fold into `req.url` as a path,
 * query, fragment or userinfo when it pastes the Host header in front of the target.
 */
const PLAIN_AUTHORITY = /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;

/**
 * The request target (path and query) exactly as the client sent it.
 *
 * `Deno.serve` builds `req.url` as scheme + Host + target without parsing any of it, so a hostile
 * Host (`x/../admin?`, `evil:1/pre`, `h#f`, `a@b`) would rewrite the target: the authority is checked
 * first and the target cut out after it. Guarded by `tests/wire/target_test.ts`.
 *
 * @param url the `url` of a request from `Deno.serve`
 * @param host the Host header; `null` over HTTP/2 and where the client sent none
 * @returns the target, starting with `/`; `undefined` when the Host is not plain
 */
export function requestTarget(url: string, host: string | null): string | undefined {
  if (host && !PLAIN_AUTHORITY.test(host)) return undefined;
  const authorityStart = url.indexOf("//") + 2;
  const pathStart = url.indexOf("/", authorityStart);
  if (pathStart === -1) return undefined;
  return PLAIN_AUTHORITY.test(url.slice(authorityStart, pathStart))
    ? url.slice(pathStart)
    : undefined;
}

/**
 * Whether a target crosses byte for byte: an upstream's URL is its base and the target behind it, and
 * the WHATWG URL parser behind `fetch` would change dot segments, backslashes, quotes … and drop a
 * fragment. What it does to a target is the same behind every base that is normalised.
 *
 * @param target the request target, starting with `/`
 */
export function isExactTarget(target: string): boolean {
  const url = ANY_BASE + target;
  return !target.includes("#") && URL.parse(url)?.href === url;
}

const ANY_BASE = "http://upstream";

/** Segments that the parser takes out, wherever they stand in a path. */
const DOT_SEGMENT = /^[^?#]*?\/((?:\.|%2e){1,2})(?=[/?#\\]|$)/i;

/**
 * What keeps a target from crossing byte for byte, for a person: `".." at position 4`, counted from 1.
 *
 * @param target one that is not exact
 */
export function targetFault(target: string): string {
  const dots = DOT_SEGMENT.exec(target);
  if (dots !== null) {
    const [whole, segment = ""] = dots;
    return `"${segment}" at position ${whole.length - segment.length + 1}`;
  }
  const url = ANY_BASE + target;
  const parsed = URL.parse(url)?.href ?? "";
  const changes = url.split("").findIndex((char, at) => char === "#" || char !== parsed[at]);
  return positionOf(target, changes - ANY_BASE.length);
}

/** A character and where it stands, counted from 1: `"\" (0x5C) at position 12`. */
export function positionOf(text: string, index: number): string {
  const code = text.charCodeAt(index);
  const hex = code.toString(16).toUpperCase();
  const number = code < 0x80 ? `0x${hex.padStart(2, "0")}` : `U+${hex.padStart(4, "0")}`;
  const isPrintable = code > 0x20 && code < 0x7f;
  return `${isPrintable ? `"${text[index]}" (${number})` : number} at position ${index + 1}`;
}

/** The path of a target: everything before the query. Safe to log, where a query may hold a key. */
export function pathOf(target: string): string {
  const queryStart = target.indexOf("?");
  return queryStart === -1 ? target : target.slice(0, queryStart);
}
