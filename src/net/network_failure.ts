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
  | "proxy_password"
  | "tunnel"
  | "not_permitted";

const WORDS: readonly [words: RegExp, failure: NetworkFailure][] = [
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
 * what stands in front of that names the URL, whose query may hold a key.
 */
export function fetchFailure(error: unknown): string {
  return /(?:client error |Connection reset by peer).*/s.exec(causeOf(error))?.[0] ??
    "fetch failed";
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
