import { CREDENTIAL_HEADERS } from "../clients/identify.ts";
import { withoutKey } from "../clients/key_protocol.ts";

/** A header line: name and value. */
export type HeaderLine = [name: string, value: string];

/** Hop-by-hop fields: RFC 9110 §7.6.1 and, for `keep-alive`, RFC 2068 §19.7.1. */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];
/** Fields for the next hop's proxy, also as a prefix: `proxy-connection` is in no RFC but in use. */
const HOP_BY_HOP_PREFIX = "proxy-";

const NOT_FOR_UPSTREAM = new Set([...HOP_BY_HOP, ...CREDENTIAL_HEADERS, "host"]);
const NOT_FOR_CLIENT = new Set(HOP_BY_HOP);

/** An entry of `strip_request_headers` that stands for every name that begins so. */
const BEGINNING = /[-*]$/;

/** `Connection` options that name no header field. */
const PLAIN_CONNECTION = /^(?:close|keep-alive)?$/i;

/**
 * Makes the function that copies a request's headers for the upstream, less hop-by-hop fields, every
 * credential, that among the subprotocols too, Host, and what front ends added.
 *
 * Going through them joins the values of a repeated name, and leaves out empty ones before the first
 * that is not, which say nothing (RFC 9110 §5.6.1). Guarded by `tests/wire/properties/headers_test.ts`.
 * `forEach`, because the iterator of Deno 2.9.6 takes four times as long.
 *
 * @param stripped lower-case names that do not cross; with `-` or `*` at the end the beginning of names
 */
export function requestHeaderFilter(
  stripped: readonly string[],
): (headers: Headers) => HeaderLine[] {
  const beginnings = stripped.filter((entry) => BEGINNING.test(entry));
  const names = new Set([...NOT_FOR_UPSTREAM, ...stripped.filter((it) => !BEGINNING.test(it))]);
  const prefixes = prefixPattern([
    HOP_BY_HOP_PREFIX,
    ...beginnings.map((entry) => entry.replace("*", "")),
  ]);
  return (headers) => {
    const isDropped = dropping(headers, names, prefixes);
    const lines: HeaderLine[] = [];
    headers.forEach((value, name) => {
      if (name === "accept-encoding" || isDropped(name)) return;
      const crossing = name === "sec-websocket-protocol" ? withoutKey(value) : value;
      if (crossing !== undefined) lines.push([name, crossing]);
    });
    // Not in passing: empty values in front of others are forwarded here.
    const requested = isDropped("accept-encoding") ? null : headers.get("accept-encoding");
    pushAcceptEncoding(lines, requested);
    return lines;
  };
}

const RESPONSE_PREFIXES = prefixPattern([HOP_BY_HOP_PREFIX]);

/**
 * The response for the client: status and headers of the upstream's, less hop-by-hop fields.
 *
 * The headers are copied whole and what does not cross is taken out: `new Response` takes the pairs of
 * another's `Headers` as they are, and converts and checks each of a list. Measured on Deno 2.9.6, with
 * filtering: 2 µs instead of 5 for 9 fields, 1 instead of 12 for 21.
 */
export function responseWith(
  body: Response["body"],
  { status, headers }: Pick<Response, "status" | "headers">,
): Response {
  const response = new Response(body, { status, headers });
  const isDropped = dropping(headers, NOT_FOR_CLIENT, RESPONSE_PREFIXES);
  headers.forEach((_, name) => {
    if (isDropped(name)) response.headers.delete(name);
  });
  return response;
}

/** Tells of a message's header names which do not cross: those given, and those its Connection lists. */
function dropping(
  headers: Headers,
  names: ReadonlySet<string>,
  prefixes: RegExp,
): (name: string) => boolean {
  const listed = connectionListed(headers.get("connection"));
  return (name) => names.has(name) || prefixes.test(name) || listed?.has(name) === true;
}

/** The names a Connection header declares hop-by-hop for this message (RFC 9110 §7.6.1). */
function connectionListed(connection: string | null): ReadonlySet<string> | undefined {
  if (connection === null || PLAIN_CONNECTION.test(connection)) return undefined;
  return new Set(connection.split(",").map((option) => option.trim().toLowerCase()));
}

/**
 * Asks for what the client asked for in a way that keeps `fetch` from decoding the answer: it leaves
 * a body alone when the *first* `accept-encoding` line is exactly `identity`, so ours goes in front
 * of the client's own. Guarded by `tests/wire/compression_test.ts`.
 */
function pushAcceptEncoding(lines: HeaderLine[], requested: string | null): void {
  lines.push(["accept-encoding", "identity"]);
  if (requested !== null && requested !== "identity") lines.push(["accept-encoding", requested]);
}

function prefixPattern(prefixes: readonly string[]): RegExp {
  return new RegExp(`^(?:${prefixes.map(RegExp.escape).join("|")})`);
}
