import { isAcceptedKey, withoutBearer } from "./identify.ts";
import { afterKeyProtocol } from "./key_protocol.ts";

/** Where a key was found that does not belong there. */
export type WrongPlace = "path" | "query" | "header" | "cookie" | "subprotocol";

/** Most texts of a request that are looked at, at some 4 µs each, and most characters digested. */
const MOST_TEXTS = 64;
const MOST_CHARACTERS = 16_384;

/** A text that may be a key, and where it stands. */
type Candidate = readonly [place: WrongPlace, text: string];

/**
 * Looks for a key that authenticates wherever a client may have put it by mistake: as a whole header
 * value, in a list or a cookie, in the query or the path. Nobody but the proxy is to see it.
 *
 * For anonymous requests alone. What it costs is bounded, whatever a client sends, to half a
 * millisecond: likely places come first, and what is behind the 64th text is not looked at.
 *
 * @param target the request's path and query
 * @param acceptedKeys SHA-256 digests of the keys that authenticate
 */
export function misplacedKey(
  headers: Headers,
  target: string,
  acceptedKeys: readonly string[],
): WrongPlace | undefined {
  let texts = MOST_TEXTS;
  let characters = MOST_CHARACTERS;
  for (const [place, text] of candidates(headers, target)) {
    if (text === "") continue;
    // Also one that is too long to be digested counts: to find the next one costs something too.
    if (texts-- === 0) return undefined;
    if (text.length > characters) continue;
    characters -= text.length;
    if (isAcceptedKey(text, acceptedKeys)) return place;
  }
  return undefined;
}

function* candidates(headers: Headers, target: string): Generator<Candidate> {
  const lines: [name: string, value: string][] = [];
  headers.forEach((value, name) => lines.push([name, value]));
  const queryStart = target.indexOf("?");
  const path = queryStart === -1 ? target : target.slice(0, queryStart);
  if (queryStart !== -1) yield* valuesIn("query", target.slice(queryStart + 1), QUERY_PART);
  for (const [name, value] of lines) yield* forms(placeOf(name), value);
  for (const [name, value] of lines) {
    if (name === "cookie") yield* valuesIn("cookie", value, COOKIE_PART);
    else if (value.includes(",")) yield* entriesIn(placeOf(name), value);
  }
  for (const [segment] of path.matchAll(PATH_PART)) yield* forms("path", decoded(segment));
}

function placeOf(header: string): WrongPlace {
  if (header === "cookie") return "cookie";
  return header === "sec-websocket-protocol" ? "subprotocol" : "header";
}

/** Each matches what is not empty alone, so that a text of nothing but separators is passed quickly. */
const QUERY_PART = /[^&]+/g;
const COOKIE_PART = /[^;\s][^;]*/g;
const LIST_ENTRY = /[^,\s][^,]*/g;
const PATH_PART = /[^/]+/g;
/** A name and what it is given; what only ends in `=` is base64 with its padding. */
const NAMED = /^[^=]*=(.*[^=].*)$/s;

/** The space of a form's `Bearer+KEY`. Other plus signs may be the key's own. */
const PLUS_FOR_SPACE = /^(bearer)\++/i;

/** The values of `name=value` parts, or the parts that are none, as they are and decoded. */
function* valuesIn(place: WrongPlace, text: string, part: RegExp): Generator<Candidate> {
  for (const [whole] of text.matchAll(part)) {
    const value = (NAMED.exec(whole)?.[1] ?? whole).trim();
    const plain = decoded(value.replace(PLUS_FOR_SPACE, "$1 "));
    yield* forms(place, plain);
    if (plain !== value) yield [place, value];
  }
}

function* entriesIn(place: WrongPlace, list: string): Generator<Candidate> {
  for (const [entry] of list.matchAll(LIST_ENTRY)) yield* forms(place, entry.trim());
}

/** A text as it is, and without what people write around a key. */
function* forms(place: WrongPlace, text: string): Generator<Candidate> {
  yield [place, text];
  const bare = withoutBearer(afterKeyProtocol(text.replace(QUOTED, "$1")));
  if (bare !== text) yield [place, bare];
}

const QUOTED = /^"(.*)"$/;

function decoded(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A stray % is in no percent-encoding.
  }
}
