/**
 * What lets web pages of other origins read the proxy's own answers: the CORS protocol of the Fetch
 * standard (https://fetch.spec.whatwg.org/#http-cors-protocol). Forwarded answers carry what the
 * upstream says of it, and nothing else.
 *
 * @module
 */

/** Seconds for which a browser need not ask again; Chromium keeps no answer longer. */
const MAX_AGE = "7200";

/** Headers of our own answers that scripts may read besides the harmless ones. */
const EXPOSED = "retry-after, x-claude-proxy-error, x-request-id, x-should-retry";

/**
 * Answers the question of a browser whether a page may send what it wants to: whatever it asks for.
 * What comes then is judged as any request is, by its key.
 *
 * @param origins those whose pages may
 * @returns `undefined` where it is no such question, or that of a page of another origin
 */
export function preflightResponse(
  { method, headers }: Request,
  origins: readonly string[],
): Response | undefined {
  if (origins.length === 0 || method !== "OPTIONS") return undefined;
  const origin = allowedOrigin(headers, origins);
  const asked = headers.get("access-control-request-method");
  if (origin === undefined || asked === null) return undefined;
  const response = new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-origin": origin,
      "access-control-allow-methods": asked,
      "access-control-max-age": MAX_AGE,
      "vary": "origin, access-control-request-method, access-control-request-headers",
    },
  });
  const fields = headers.get("access-control-request-headers");
  if (fields !== null) response.headers.set("access-control-allow-headers", fields);
  return response;
}

/**
 * Lets a page read an answer of our own, if it is of one of the origins. That the answer depends on
 * the origin is said to everyone, also where there was none: a cache may hold it for others
 * (https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches).
 */
export function allowReading(
  response: Response,
  { headers }: Request,
  origins: readonly string[],
): void {
  if (origins.length === 0) return;
  // A preflight's answer says it already, and more.
  if (!response.headers.has("vary")) response.headers.set("vary", "origin");
  const origin = allowedOrigin(headers, origins);
  if (origin === undefined) return;
  response.headers.set("access-control-allow-origin", origin);
  response.headers.set("access-control-expose-headers", EXPOSED);
}

function allowedOrigin(headers: Headers, origins: readonly string[]): string | undefined {
  const origin = headers.get("origin");
  return origin !== null && origins.includes(origin) ? origin : undefined;
}
