/**
 * What a request has to be to be forwarded. Each check throws the refusal.
 *
 * @module
 */
import type { ClientIdentity } from "../clients/identify.ts";
import { misplacedKey, type WrongPlace } from "../clients/misplaced_key.ts";
import type { RequestSettings } from "../config/schema/settings.ts";
import { Refusal } from "./answers.ts";
import { tooLarge } from "./failure.ts";
import { isExactTarget, positionOf, requestTarget, targetFault } from "./target.ts";

/** The request's target, if its Host is plain. */
export function admittedTarget({ url, headers }: Request): string {
  const target = requestTarget(url, hostOf(headers));
  if (target === undefined) throw wrongHost(headers.get("host") ?? "");
  return target;
}

function wrongHost(host: string): Refusal {
  const wrong = host.search(/[^A-Za-z0-9._~:[\]-]/);
  const where = wrong === -1 ? "" : `: ${positionOf(host, wrong)}`;
  return unforwardable(`The Host header is not a plain host[:port]${where}`);
}

/**
 * The Host header. This is the first that is asked of a request's headers, and `has` brings all of
 * them over from the runtime at once, where every `get` before that would ask it by itself.
 */
function hostOf(headers: Headers): string | null {
  return headers.has("host") ? headers.get("host") : null;
}

/** What `fetch` throws on (https://fetch.spec.whatwg.org/#forbidden-method). */
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

/** Admits a message that can cross unaltered: its method, its framing and its target. */
export function admitMessage({ method, headers }: Request, target: string): void {
  if (FORBIDDEN_METHODS.has(method) || method !== method.toUpperCase()) {
    throw unforwardable(`The method ${method} cannot be forwarded`, 405);
  }
  if ((method === "GET" || method === "HEAD") && announcesBody(headers)) {
    throw unforwardable(`A ${method} request with a body cannot be forwarded`);
  }
  admitFraming(headers);
  if (method === "OPTIONS" && target === "/*") {
    throw unforwardable("The request target * cannot be forwarded: it stands for a whole server");
  }
  if (!isExactTarget(target)) {
    const fault = targetFault(target);
    throw unforwardable(`The request target cannot be forwarded unchanged: ${fault}`);
  }
}

function announcesBody(headers: Headers): boolean {
  const length = headers.get("content-length");
  return headers.has("transfer-encoding") || (length !== null && Number(length) !== 0);
}

/**
 * A transfer coding in front of `chunked` ends with us (RFC 9112 §6.1), and `Deno.serve` decodes none.
 * Two lengths come through joined: equal ones over HTTP/1.1, any over HTTP/2.
 */
function admitFraming(headers: Headers): void {
  const coding = headers.get("transfer-encoding");
  if (coding !== null && coding.toLowerCase() !== "chunked") {
    throw unforwardable("A transfer-encoding other than chunked cannot be forwarded", 501);
  }
  const length = headers.get("content-length");
  if (length !== null && !/^[0-9]+$/.test(length)) {
    throw unforwardable("A content-length that is not one number cannot be forwarded");
  }
}

/** Admits a client that presents a key of ours, or none if that may pass through. */
export function admitClient(
  { verdict }: ClientIdentity,
  unauthenticated: RequestSettings["unauthenticated"],
): void {
  if (verdict === "denied") {
    throw new Refusal({
      code: "invalid_client_key",
      message:
        "The API key is not one this proxy accepts: check the key in x-api-key, api-key or " +
        "Authorization: Bearer",
    });
  }
  if (verdict === "anonymous" && unauthenticated === "reject") {
    throw new Refusal({
      code: "missing_client_key",
      message: "No API key: send one in x-api-key, api-key or Authorization: Bearer",
    });
  }
}

/** Where a key was found, for a person. No name is repeated: it would be the client's own words. */
const WRONG_PLACES: Readonly<Record<WrongPlace, string>> = {
  path: "in the path",
  query: "in the query",
  header: "in a header that is not for keys",
  cookie: "in a cookie",
  subprotocol: "among the subprotocols",
};

/** Admits a request that presents no key, unless it holds one where the upstream would see it. */
export function admitAnonymous(
  { headers }: Request,
  target: string,
  acceptedKeys: readonly string[],
): void {
  const place = misplacedKey(headers, target, acceptedKeys);
  if (place === undefined) return;
  const where = WRONG_PLACES[place];
  throw new Refusal({
    code: "misplaced_client_key",
    message: `The API key is in the wrong place, ${where}: send it in x-api-key, api-key or ` +
      "Authorization: Bearer, and from a browser's WebSocket as the subprotocol " +
      "openai-insecure-api-key.<key>",
  }, `a key ${where}`);
}

/** Admits a body by the length it announces, in bytes. */
export function admitLength(headers: Headers, maxBytes: number | undefined): void {
  if (maxBytes === undefined) return;
  if (Number(headers.get("content-length")) > maxBytes) throw tooLarge(maxBytes);
}

/** The refusal of new work by a proxy that is about to end. */
export function shuttingDown(): Refusal {
  return new Refusal({
    code: "shutting_down",
    message: "This proxy is shutting down: send the request again",
    headers: { "connection": "close", "retry-after": "1" },
  });
}

/** The log tells the same as the client. */
function unforwardable(message: string, status?: number): Refusal {
  const answer = { code: "unforwardable_request", message, ...(status && { status }) } as const;
  return new Refusal(answer, message);
}
