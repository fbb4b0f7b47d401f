import type { Dialect } from "../clients/dialect.ts";

/** Why the proxy itself answered a request, sent as `x-claude-proxy-error`. */
export type ErrorCode =
  | "invalid_client_key"
  | "missing_client_key"
  | "misplaced_client_key"
  | "unforwardable_request"
  | "request_too_large"
  | "upstream_auth_unavailable"
  | "upstream_unreachable"
  | "upstream_timeout"
  | "shutting_down"
  | "internal_error";

/** An answer of the proxy's own. `message` must hold no secret and no internal address. */
export interface ProxyError {
  /** Sent as `x-claude-proxy-error`. */
  readonly code: ErrorCode;
  /** For a person; in the body. */
  readonly message: string;
  /** Overrides the code's usual status, as for 405. */
  readonly status?: number;
  /** Sent besides `x-claude-proxy-error`, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown anywhere on the request path to end a request with an answer of the proxy's own. */
export class Refusal extends Error {
  /** As in a stack trace. */
  override readonly name = "Refusal";
  /** What to answer the client. */
  readonly answer: ProxyError;
  /** For the log alone: the reason in the transport's own words, which may name internal addresses. */
  readonly detail: string | undefined;

  /**
   * Ends the request.
   *
   * @param answer what to answer the client
   * @param detail for the log, see {@linkcode Refusal.detail}
   */
  constructor(answer: ProxyError, detail?: string) {
    super(answer.message);
    this.answer = answer;
    this.detail = detail;
  }
}

const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_client_key: 401,
  missing_client_key: 401,
  misplaced_client_key: 401,
  unforwardable_request: 400,
  request_too_large: 413,
  upstream_auth_unavailable: 503,
  upstream_unreachable: 502,
  upstream_timeout: 504,
  shutting_down: 503,
  internal_error: 500,
};

/** Every code there is. */
export const errorCodes: readonly string[] = Object.keys(STATUS);

/** Whether a text is one of the codes. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(STATUS, text);
}

/** https://docs.anthropic.com/en/api/errors */
const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  401: "authentication_error",
  413: "request_too_large",
  504: "timeout_error",
};

/**
 * Tells the SDKs of Anthropic and OpenAI not to repeat a request, whose key would be as wrong again:
 * Claude Code repeats a 401 for almost three minutes, in silence, unless it is told.
 */
const NO_RETRY = { "x-should-retry": "false" };

/** Turns an error of ours into a response whose body the caller's SDK can read. */
export function errorResponse(error: ProxyError, dialect: Dialect): Response {
  const status = error.status ?? STATUS[error.code];
  const body = dialect === "anthropic" ? anthropicBody(status, error) : openaiBody(status, error);
  return Response.json(body, {
    status,
    headers: {
      ...error.headers,
      ...(status === 401 && NO_RETRY),
      "x-claude-proxy-error": error.code,
    },
  });
}

function anthropicBody(status: number, { message }: ProxyError): unknown {
  const type = ANTHROPIC_TYPES[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
  return { type: "error", error: { type, message } };
}

/** https://platform.openai.com/docs/guides/error-codes */
function openaiBody(status: number, { code, message }: ProxyError): unknown {
  return {
    error: { message, type: status < 500 ? "invalid_request_error" : "server_error", code },
  };
}
