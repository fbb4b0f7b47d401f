import type { Dialect } from "../../src/clients/dialect.ts";

/** {@link https://platform.claude.com/docs/en/api/errors} */
const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  529: "overloaded_error",
};

/** {@link https://platform.openai.com/docs/guides/error-codes} */
const OPENAI_TYPES: Readonly<Record<number, { type: string; code: string | null }>> = {
  400: { type: "invalid_request_error", code: null },
  401: { type: "invalid_request_error", code: "invalid_api_key" },
  403: { type: "invalid_request_error", code: "unsupported_country_region_territory" },
  404: { type: "invalid_request_error", code: "unknown_url" },
  429: { type: "requests", code: "rate_limit_exceeded" },
  529: { type: "overloaded_error", code: null },
};

/**
 * An error as the real API would send it.
 *
 * @param dialect Whose wording to use.
 * @param status The HTTP status.
 * @param message What a person reads.
 */
export function errorResponse(dialect: Dialect, status: number, message: string): Response {
  const body = dialect === "anthropic"
    ? { type: "error", error: { type: ANTHROPIC_TYPES[status] ?? "api_error", message } }
    : {
      error: {
        message,
        param: null,
        ...(OPENAI_TYPES[status] ?? { type: "server_error", code: null }),
      },
    };
  return Response.json(body, { status });
}
