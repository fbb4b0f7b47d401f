import { cut, redactHeaders } from "../logging/redaction.ts";
import type { Outcome } from "../proxy/handler.ts";
import type { RequestRecord, WorkerConfig } from "../ipc/messages.ts";

/** Request ids of ours and of others' that are safe to log and to search for. */
const SANE_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
/** A product and its version, RFC 9110 section 10.1.5; longer ones are cut. */
const PRODUCT = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}(?:\/[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32})?/;
/** Where upstreams say how they call the request: Anthropic, Azure API Management, OpenAI. */
const UPSTREAM_ID_HEADERS = ["request-id", "apim-request-id", "x-request-id"];

/** What of a worker's configuration its records depend on. */
export type RecordConfig = Pick<WorkerConfig, "worker" | "settings" | "recordHeaders">;

/** Measures one request, for its record. */
export class RequestRecorder {
  /** Filled in by the handler. */
  readonly outcome: Outcome = {};
  readonly #request: Request;
  readonly #config: RecordConfig;
  readonly #started = performance.now();
  #asked: Asked | undefined;
  #answer = NO_ANSWER;

  constructor(request: Request, config: RecordConfig) {
    this.#request = request;
    this.#config = config;
  }

  /**
   * The response's headers are there, and what the record needs is read now. Of the request, because
   * `Deno.serve` throws "Request closed" for what is first asked of it after the response, and that
   * would end the worker (guarded by `tests/wire/http2_messages_test.ts`); of the response, because it
   * would stay in memory as long as its body streams, with all that hangs on it.
   *
   * An answer of the proxy's own gets the record's id, by which its client can be found in the log.
   */
  answered(response: Response): void {
    const firstByteMs = performance.now() - this.#started;
    const { id } = this.#asked = askedBy(this.#request, this.#config, this.outcome);
    const isUpstreams = this.outcome.isOwn === undefined;
    if (!isUpstreams) response.headers.set("x-request-id", id);
    const { recordHeaders } = this.#config;
    this.#answer = answerOf(response, { firstByteMs, isUpstreams, recordHeaders });
  }

  /** The record of the request, which has ended. */
  record(aborted: RequestRecord["aborted"]): RequestRecord {
    const { outcome } = this;
    const { id, method, path, requestBytes, userAgent, headers } = this.#asked ??
      askedBy(this.#request, this.#config, outcome);
    const answer = this.#answer;
    return {
      time: Date.now(),
      id,
      worker: this.#config.worker,
      method,
      path,
      dialect: outcome.dialect,
      status: answer.status,
      source: answer.source,
      firstByteMs: answer.firstByteMs,
      totalMs: performance.now() - this.#started,
      requestBytes,
      responseBytes: answer.responseBytes,
      client: outcome.verdict,
      aborted: outcome.aborted ?? aborted,
      upstreamRequestId: answer.upstreamRequestId,
      userAgent,
      code: outcome.code,
      detail: outcome.detail && cut(outcome.detail),
      headers: headers && { request: headers, response: answer.headers ?? {} },
    };
  }
}

/** What the record tells of the request itself. */
interface Asked
  extends Pick<RequestRecord, "id" | "method" | "path" | "requestBytes" | "userAgent"> {
  /** Redacted; absent unless they are wanted. */
  readonly headers?: Record<string, string>;
}

function askedBy(
  { method, headers }: Request,
  { settings, recordHeaders }: RecordConfig,
  { path, code }: Outcome,
): Asked {
  const requestBytes = contentLength(headers);
  // Who writes a key where none belongs may have written it anywhere.
  if (code === "misplaced_client_key") {
    const id = crypto.randomUUID();
    return { id, method: cut(method), path: undefined, requestBytes, userAgent: undefined };
  }
  return {
    id: requestId(headers, settings.request_id_headers),
    method: cut(method),
    path: path && cut(path),
    requestBytes,
    userAgent: productOf(headers.get("user-agent")),
    ...(recordHeaders && { headers: redactHeaders(headers) }),
  };
}

/** What the record tells of the answer. */
interface Answer extends
  Pick<
    RequestRecord,
    "status" | "source" | "firstByteMs" | "responseBytes" | "upstreamRequestId"
  > {
  /** Redacted; absent unless they are wanted. */
  readonly headers?: Record<string, string>;
}

/** Of a request that was cut off before any answer. Nobody received the status. */
const NO_ANSWER: Answer = {
  status: 503,
  source: undefined,
  firstByteMs: undefined,
  responseBytes: undefined,
  upstreamRequestId: undefined,
};

function answerOf(
  { status, headers }: Response,
  told: { firstByteMs: number; isUpstreams: boolean; recordHeaders: boolean },
): Answer {
  return {
    status,
    source: told.isUpstreams ? "upstream" : "proxy",
    firstByteMs: told.firstByteMs,
    responseBytes: contentLength(headers),
    upstreamRequestId: told.isUpstreams ? upstreamRequestId(headers) : undefined,
    ...(told.recordHeaders && { headers: redactHeaders(headers) }),
  };
}

/** The client's id for the request where it is safe to log, else one of ours. */
export function requestId(headers: Headers, names: readonly string[]): string {
  return firstSaneId(headers, names) ?? crypto.randomUUID();
}

/** What an upstream calls the request. */
export function upstreamRequestId(headers: Headers): string | undefined {
  return firstSaneId(headers, UPSTREAM_ID_HEADERS);
}

function firstSaneId(headers: Headers, names: readonly string[]): string | undefined {
  for (const name of names) {
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
