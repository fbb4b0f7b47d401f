import { redactHeaders } from "../logging/redaction.ts";
import type { Outcome } from "../proxy/handler.ts";
import type { RequestRecord } from "./messages.ts";

/** Request ids of ours and of others' that are safe to log and to search for. */
const SANE_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
/** A product and its version, RFC 9110 section 10.1.5; longer ones are cut. */
const PRODUCT = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}(?:\/[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32})?/;
/** Where upstreams say how they call the request: Anthropic, Azure API Management, OpenAI. */
const UPSTREAM_ID_HEADERS = ["request-id", "apim-request-id", "x-request-id"];
/** The status logged for a request that was cut off before any answer. Nobody received it. */
const NO_ANSWER = 503;

/** Measures one request, for its record. */
export class RequestWatch {
  /** Filled in by the handler. */
  readonly outcome: Outcome = {};
  readonly #request: Request;
  readonly #started = performance.now();
  #response: Response | undefined;
  #firstByteMs: number | undefined;
  #asked: Asked | undefined;

  constructor(request: Request) {
    this.#request = request;
  }

  /**
   * The response's headers are there. The request is read now: `Deno.serve` throws "Request closed"
   * for what is first asked of it after the response, and that would end the worker. Guarded by
   * `tests/wire/http2_messages_test.ts`.
   *
   * @param withHeaders whether to keep the request's headers, redacted
   */
  answered(response: Response, withHeaders: boolean): void {
    this.#response = response;
    this.#firstByteMs = performance.now() - this.#started;
    this.#asked = askedBy(this.#request, withHeaders);
  }

  /**
   * The record of the request, which has ended.
   *
   * @param withHeaders whether to bring the headers along, redacted
   */
  record(
    worker: number,
    aborted: RequestRecord["aborted"],
    withHeaders: boolean,
  ): RequestRecord {
    const { outcome } = this;
    const { id, method, requestBytes, userAgent, headers } = this.#asked ??
      askedBy(this.#request, withHeaders);
    const answer = this.#response?.headers;
    return {
      time: Date.now(),
      id,
      worker,
      method,
      path: outcome.path,
      dialect: outcome.dialect,
      status: this.#response?.status ?? NO_ANSWER,
      firstByteMs: this.#firstByteMs,
      totalMs: performance.now() - this.#started,
      requestBytes,
      responseBytes: answer && contentLength(answer),
      client: outcome.verdict,
      aborted,
      upstreamRequestId: outcome.code === undefined
        ? answer && upstreamRequestId(answer)
        : undefined,
      userAgent,
      code: outcome.code,
      detail: outcome.detail,
      ...(headers && { headers: { request: headers, response: redactHeaders(answer ?? []) } }),
    };
  }
}

/** What the record tells of the request itself. */
interface Asked extends Pick<RequestRecord, "id" | "method" | "requestBytes" | "userAgent"> {
  /** Redacted; absent unless they are wanted. */
  readonly headers?: Record<string, string>;
}

function askedBy({ method, headers }: Request, withHeaders: boolean): Asked {
  return {
    id: requestId(headers),
    method,
    requestBytes: contentLength(headers),
    userAgent: productOf(headers.get("user-agent")),
    ...(withHeaders && { headers: redactHeaders(headers) }),
  };
}

/** The client's id for the request where it is safe to log, else one of ours. */
export function requestId(headers: Headers): string {
  const theirs = headers.get("x-request-id");
  return theirs !== null && SANE_ID.test(theirs) ? theirs : crypto.randomUUID();
}

/** What an upstream calls the request. */
export function upstreamRequestId(headers: Headers): string | undefined {
  for (const name of UPSTREAM_ID_HEADERS) {
    const id = headers.get(name);
    if (id !== null && SANE_ID.test(id)) return id;
  }
  return undefined;
}

/** The first product of a user agent: `claude-cli/2.0.1` of `claude-cli/2.0.1 (external, cli)`. */
export function productOf(userAgent: string | null): string | undefined {
  return PRODUCT.exec(userAgent ?? "")?.[0];
}

function contentLength(headers: Headers): number | undefined {
  const value = headers.get("content-length");
  return value !== null && /^[0-9]+$/.test(value) ? Number(value) : undefined;
}
