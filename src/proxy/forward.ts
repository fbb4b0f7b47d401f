import {
  fetchFailure,
  isConnectFailure,
  isUnprocessed,
  requestBodyFailure,
} from "../net/network_failure.ts";
import type { Timed } from "../time/shared_timeout.ts";
import { untilAborted } from "../time/until_aborted.ts";
import { NoConnection, type Transport } from "../upstreams/transport.ts";
import { type RequestBody, StreamedBody } from "./body.ts";
import { type Failed, failedSent } from "./failure.ts";
import type { HeaderLine } from "./headers.ts";
import type { ByteStream } from "./piece_reader.ts";

/** A request as an upstream is to get it. */
export interface Forwarding {
  /** The client's request, for its method, its length and its end. */
  readonly request: Request;
  /** The upstream's URL. */
  readonly url: string;
  /** For the upstream, credentials included. */
  readonly headers: HeaderLine[];
  /** The request's body. */
  readonly body: RequestBody;
}

/** The upstream's response as it is. */
export interface Answered {
  /** Its body is untouched. */
  readonly response: Response;
}

/**
 * Sends a request on and returns the upstream's response as it is: redirects not followed, body
 * untouched, so that the runtime pipes it natively both ways. What the network does is returned, not
 * thrown.
 *
 * No POST is sent twice, whatever `fetch` would do: see {@linkcode replayProof}.
 */
export async function forward(
  { request, url, headers, body }: Forwarding,
  transport: Transport,
): Promise<Answered | Failed> {
  const { signal } = request;
  const waiting = transport.headerTimeout.start(transport.connectCheck);
  const leave = () => waiting.abort(signal.reason);
  signal.addEventListener("abort", leave);
  try {
    const opened = body.open(transport.http2);
    const stream = opened instanceof Promise ? await untilAborted(opened, waiting.signal) : opened;
    const response = await fetch(url, {
      method: request.method,
      headers,
      redirect: "manual",
      signal: waiting.signal,
      ...replayProof(request, stream, transport),
    });
    transport.probe.answered();
    const fault = responseFault(response);
    if (fault === undefined) return { response };
    await response.body?.cancel();
    return failedSent({ kind: "unforwardable", fault });
  } catch (error) {
    return failed(error, signal, body, waiting);
  } finally {
    transport.headerTimeout.end(waiting);
    signal.removeEventListener("abort", leave); // or a long stream would hold all of this
  }
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
  body: ByteStream | null,
  { client, unpooledClient }: Transport,
): { body: BodyInit | null; client: Deno.HttpClient } {
  const length = headers.get("content-length");
  const isEmpty = body === null || length === "0";
  if (IDEMPOTENT.has(method)) return { body, client };
  if (isEmpty) return { body, client: unpooledClient };
  return { body: length === null ? body : new StreamedBody(body, Number(length)), client };
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
 * Guarded by `tests/wire/framing_test.ts`, and by `websocket_conformance_test.ts` for the refusal of a
 * WebSocket.
 */
export function responseFault(
  { status, headers }: Pick<Response, "status" | "headers">,
): string | undefined {
  if (status < 200 || status === 205 || status > 599) return `status ${status}`;
  const coding = headers.get("transfer-encoding");
  if (coding === null) return undefined;
  if (coding.toLowerCase() !== "chunked") return `transfer-encoding ${coding}`;
  return headers.has("content-length") ? "both transfer-encoding and content-length" : undefined;
}

/** Tells whose failure it was that there is no answer: the client's, its body's, or the upstream's. */
function failed(error: unknown, signal: AbortSignal, body: RequestBody, waiting: Timed): Failed {
  if (signal.aborted) return failedSent({ kind: "client_left" });
  if (body.failure !== undefined) return failedSent(body.failure);
  if (waiting.isOverdue) return failedSent({ kind: "overdue" });
  const { reason } = waiting.signal;
  if (reason instanceof NoConnection) {
    return failedSent({ kind: "unreachable", words: reason.message });
  }
  const bodyFailure = requestBodyFailure(error);
  if (bodyFailure !== undefined) return failedSent({ kind: "body_broken", words: bodyFailure });
  const words = fetchFailure(error);
  return { failure: { kind: "unreachable", words }, phase: phaseOf(words) };
}

function phaseOf(words: string): Failed["phase"] {
  if (isConnectFailure(words)) return "connect";
  return isUnprocessed(words) ? "unprocessed" : "sent";
}
