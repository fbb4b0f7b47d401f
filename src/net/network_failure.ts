/**
 * The words in which Deno 2.9.6 says why a connection or an exchange failed: it has no codes for that,
 * and an upgrade may change them. Guarded by `tests/unit/net/network_failure_test.ts`.
 *
 * @module
 */

/** What kept two ends from understanding each other. */
export type NetworkFailure =
  | "unknown_host"
  | "refused"
  | "unreachable"
  | "tls"
  | "head_too_large"
  | "no_http"
  | "goaway"
  | "stream_refused"
  | "proxy_password"
  | "tunnel"
  | "not_permitted";

const WORDS: readonly [words: RegExp, failure: NetworkFailure][] = [
  [/^connection error received: /, "goaway"],
  [/^stream error received: refused stream /, "stream_refused"],
  [/proxy authentication required|answered CONNECT with "HTTP\S* 407/i, "proxy_password"],
  [/unsuccessful tunnel|while tunneling|answered CONNECT/, "tunnel"],
  [/dns error|failed to lookup/i, "unknown_host"],
  [/connection refused|os error 111/i, "refused"],
  [/no connection within|\(Connect\).*timed out|is unreachable|no route to host/i, "unreachable"],
  [/certificate|InvalidContentType|UnknownIssuer|tls|handshake/i, "tls"],
  [/message head is too large/, "head_too_large"],
  [/invalid .* parsed/, "no_http"],
  [/NotCapable|run again with/i, "not_permitted"],
];

/** What the words mean, where that is known. */
export function networkFailure(words: string): NetworkFailure | undefined {
  return WORDS.find(([pattern]) => pattern.test(words))?.[1];
}

/**
 * The words of what `fetch` was rejected with, from "client error (Connect): tcp connect error: …" on:
 * what stands in front of that names the URL, whose query may hold a key. With a body that is a stream
 * there may be nothing in front, and no more than "connection error received: …", which is a GOAWAY.
 */
export function fetchFailure(error: unknown): string {
  const words = causeOf(error);
  const [found = "fetch failed"] = HTTP2_FAILURE.exec(words) ?? TOLD.exec(words) ?? [];
  return found.slice(0, MOST_WORDS);
}

/** Where in the words that `fetch` gives begin those that tell something. */
const TOLD = /(?:client error |Connection reset by peer|runtime dropped ).*/s;
/** How h2 words what became of a connection or a stream. */
const HTTP2_FAILURE = /(?:(?:connection|stream) error (?:received|detected): |stream closed ).*/s;
/** A GOAWAY may bring 16 KiB of text along. */
const MOST_WORDS = 500;

/**
 * Whether words of {@linkcode fetchFailure} say that the upstream did not process the request, so that
 * it may be sent again (RFC 9113 §8.7): a connection ended in an orderly way before its stream, or the
 * stream was refused.
 *
 * h2 0.4.7, which Deno 2.9.6 has, gives "connection error received" to the streams above the last one
 * that a GOAWAY names, and to those that were not sent for it. Those it may have processed are told
 * that the stream closed, or nothing. A GOAWAY with an error does not count: the request may be what
 * caused it. Guarded by `tests/wire/http2_goaway_test.ts`.
 */
export function isUnprocessed(words: string): boolean {
  return /^(?:connection error received: not a result|stream error received: refused stream) /
    .test(words);
}

/**
 * Why a certificate was not accepted: `UnknownIssuer`.
 *
 * @returns `undefined` where the words are of something else
 */
export function untrustedCertificate(words: string): string | undefined {
  const reason = /invalid peer certificate: (.*)/s.exec(words)?.[1];
  return reason?.replace(/^Other\(OtherError\((.*)\)\)$/, "$1");
}

/** Whether words of {@linkcode fetchFailure} say that no connection was made, so nothing was sent. */
export function isConnectFailure(words: string): boolean {
  return words.startsWith("client error (Connect)");
}

/**
 * What `Deno.serve` says of a request body that fails, and `fetch` repeats: its client left inside it,
 * or its chunks are malformed. Guarded by `tests/wire/bodies_test.ts` and `framing_test.ts`.
 *
 * @returns the words; `undefined` where another failure ended `fetch`
 */
export function requestBodyFailure(error: unknown): string | undefined {
  const words = causeOf(error);
  return BODY_FAILURE.test(words) ? words : undefined;
}

const BODY_FAILURE =
  /^(?:invalid HTTP\/1 request|Cannot read request body|unexpected EOF while|error reading a body)/;

function causeOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
}
