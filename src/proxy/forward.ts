import { type ProxyError, Refusal } from "./answers.ts";
import type { HeaderLine } from "./headers.ts";
import { limitBody, type LimitedBody } from "./body_limit.ts";
import type { Transport } from "../upstreams/transport.ts";
import { unannouncedBody } from "./unannounced_body.ts";

/** Thrown by {@linkcode forward} when the client left before the upstream answered. */
export class ClientGone extends Error {
  /** As in a stack trace. */
  override readonly name = "ClientGone";
}

/**
 * The transport's own words, from "client error (Connect): tcp connect error: …" on. What stands in
 * front of that names the URL, whose query may hold a key.
 */
const UPSTREAM_FAILURE = /(?:client error |Connection reset by peer).*/s;

/**
 * What `Deno.serve` says of a request body that fails, and `fetch` repeats: its client left inside
 * it, or its chunks are malformed. Guarded by `tests/wire/bodies_test.ts` and `framing_test.ts`.
 */
const BODY_FAILURE =
  /^(?:invalid HTTP\/1 request|Cannot read request body|unexpected EOF while|error reading a body)/;

/**
 * Sends a request on and returns the upstream's response as it is: redirects not followed, body
 * untouched, so that the runtime pipes it natively both ways.
 *
 * No POST is sent twice, whatever `fetch` would do: see {@linkcode replayProof}.
 *
 * @throws {Refusal} when the upstream cannot be reached or does not answer in time, its answer or the
 * body cannot be forwarded, or the body is too large
 * @throws {ClientGone} when the client left first
 */
export async function forward(
  request: Request,
  url: string,
  headers: HeaderLine[],
  transport: Transport,
  maxBodyBytes: number | undefined,
): Promise<Response> {
  const { signal } = request;
  const waiting = transport.headerTimeout.start();
  const leave = () => waiting.abort(signal.reason);
  signal.addEventListener("abort", leave);
  let body: LimitedBody | undefined;
  try {
    const stream = await forwardableBody(request);
    body = limitBody(stream, request.headers, maxBodyBytes);
    const response = await fetch(url, {
      method: request.method,
      headers,
      redirect: "manual",
      signal: waiting.signal,
      ...replayProof(request, body.stream, transport),
    });
    const fault = responseFault(response);
    if (fault !== undefined) await refuseResponse(response, fault);
    return response;
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (signal.aborted) throw new ClientGone();
    if (body?.exceeded) {
      throw new Refusal(tooLarge(maxBodyBytes ?? 0), "body too large");
    }
    if (waiting.isOverdue) throw upstreamTimeout();
    throw exchangeFailure(error);
  } finally {
    transport.headerTimeout.end(waiting);
    signal.removeEventListener("abort", leave); // or a long stream would hold all of this
  }
}

/** The body to send on; one that is announced is not touched. */
function forwardableBody(
  { headers, body, signal }: Request,
): Promise<Request["body"]> | Request["body"] {
  const announced = headers.has("content-length") || headers.has("transfer-encoding");
  return body === null || announced ? body : unannouncedBody(body, signal);
}

/** Methods that may be sent again when a connection ends without an answer (RFC 9110 §9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/**
 * How to send a body so that it goes out once at most. When a pooled connection ends before the
 * answer, `fetch` sends the request again on another, also if the upstream has read it: an LLM call
 * would be made, and billed, twice. It can do so only with a body it holds as bytes, or with none:
 * a body goes as a stream, and a request without one on a connection of its own.
 *
 * Guarded by `tests/wire/connections_test.ts`.
 */
function replayProof(
  { method, headers }: Request,
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
  { client, unpooledClient }: Transport,
): { body: BodyInit | null; client: Deno.HttpClient } {
  const length = headers.get("content-length");
  const isEmpty = body === null || length === "0";
  const once = !IDEMPOTENT.has(method);
  const used = once && isEmpty ? unpooledClient : client;
  const streamed = once && !isEmpty && length !== null
    ? new StreamedBody(body, Number(length))
    : body;
  return { body: streamed, client: used };
}

/**
 * A stream of known length. `Deno.serve` holds a body that came along with its head as bytes, and
 * `fetch` finds them again behind the stream made of them; it does not look behind a blob's stream,
 * and takes its size for the `content-length`.
 */
class StreamedBody extends Blob {
  override readonly size: number;
  readonly #stream: ReadableStream<Uint8Array<ArrayBuffer>>;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>, size: number) {
    super();
    this.#stream = stream;
    this.size = size;
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#stream;
  }
}

/**
 * What keeps a response from crossing:
 *
 * - a status that `new Response` cannot carry: 101 without our asking, and those past 599;
 * - 205, whose `content-length: 0` `Deno.serve` drops, so that a client of HTTP/1.1 would wait for
 *   the end of the connection;
 * - a transfer coding besides `chunked`: `fetch` does not decode it, and hop-by-hop as it is, nobody
 *   behind us would know of it (we send no `TE`, so RFC 9112 §7 forbids it);
 * - a `content-length` beside `transfer-encoding`, the mark of response splitting (RFC 9112 §6.3):
 *   `fetch` reads the chunks, and `Deno.serve` would promise the length.
 *
 * Guarded by `tests/wire/framing_test.ts`.
 */
function responseFault({ status, headers }: Response): string | undefined {
  if (status < 200 || status === 205 || status > 599) return `status ${status}`;
  const coding = headers.get("transfer-encoding");
  if (coding === null) return undefined;
  if (coding.toLowerCase() !== "chunked") return `transfer-encoding ${coding}`;
  return headers.has("content-length") ? "both transfer-encoding and content-length" : undefined;
}

async function refuseResponse(response: Response, fault: string): Promise<never> {
  await response.body?.cancel();
  throw new Refusal({
    code: "upstream_unreachable",
    message: "The upstream gave an answer that cannot be forwarded",
  }, `upstream answered with ${fault}`);
}

/** The answer to a body over the limit. */
export function tooLarge(maxBodyBytes: number): ProxyError {
  return {
    code: "request_too_large",
    message: `The request body is larger than this proxy accepts (${maxBodyBytes} bytes)`,
  };
}

/** Tells whose failure it was that there is no answer: the upstream's, or the request body's. */
function exchangeFailure(error: unknown): Refusal {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
  const words = cause?.message ?? "";
  if (!BODY_FAILURE.test(words)) {
    return unreachable(UPSTREAM_FAILURE.exec(words)?.[0] ?? "fetch failed");
  }
  return new Refusal({
    code: "unforwardable_request",
    message: "The request's body broke off, or its chunks are malformed",
  }, words);
}

/** The answer when the upstream takes longer than `headerTimeout`. */
export function upstreamTimeout(): Refusal {
  return new Refusal(
    { code: "upstream_timeout", message: "The upstream sent no response headers in time" },
    "no response headers within upstream_header_timeout",
  );
}

/**
 * The answer when the upstream cannot be reached.
 *
 * @param detail why, in the transport's words
 */
export function unreachable(detail: string): Refusal {
  const message = FAILURES.find(([pattern]) => pattern.test(detail))?.[1] ??
    "The connection to the upstream failed before it answered";
  return new Refusal({ code: "upstream_unreachable", message }, detail);
}

/** What a client may know of a failure, by the words that Deno reports it with. */
const FAILURES: readonly [pattern: RegExp, message: string][] = [
  [/dns error|lookup address/, "The upstream's host name cannot be resolved"],
  [/connection refused|os error 111/i, "The upstream refused the connection"],
  [/certificate|InvalidContentType|tls|handshake/i, "The TLS handshake with the upstream failed"],
  [/message head is too large/, "The head of the upstream's answer is too large"],
  [/invalid .* parsed/, "The upstream's answer is not valid HTTP"],
];
