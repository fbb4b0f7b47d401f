import assert from "node:assert/strict";
import { type ErrorCode, errorResponse } from "../../../src/proxy/answers.ts";

const CODES: [code: ErrorCode, status: number, anthropicType: string, openaiType: string][] = [
  ["invalid_client_key", 401, "authentication_error", "invalid_request_error"],
  ["missing_client_key", 401, "authentication_error", "invalid_request_error"],
  ["misplaced_client_key", 401, "authentication_error", "invalid_request_error"],
  ["unforwardable_request", 400, "invalid_request_error", "invalid_request_error"],
  ["request_too_large", 413, "request_too_large", "invalid_request_error"],
  ["upstream_auth_unavailable", 503, "api_error", "server_error"],
  ["upstream_unreachable", 502, "api_error", "server_error"],
  ["upstream_timeout", 504, "timeout_error", "server_error"],
  ["shutting_down", 503, "api_error", "server_error"],
  ["internal_error", 500, "api_error", "server_error"],
];

for (const [code, status, anthropicType, openaiType] of CODES) {
  Deno.test(`${code} is a ${status} whose body both dialects can read`, async () => {
    const anthropic = errorResponse({ code, message: "m" }, "anthropic");
    const openai = errorResponse({ code, message: "m" }, "openai");
    for (const response of [anthropic, openai]) {
      assert.equal(response.status, status);
      assert.equal(response.headers.get("x-claude-proxy-error"), code);
      assert.equal(response.headers.get("content-type"), "application/json");
      assert.equal(response.headers.get("x-should-retry"), status === 401 ? "false" : null);
    }
    assert.deepEqual(await anthropic.json(), {
      type: "error",
      error: { type: anthropicType, message: "m" },
    });
    assert.deepEqual(await openai.json(), { error: { message: "m", type: openaiType, code } });
  });
}

Deno.test("an answer can override the status and add headers", () => {
  const response = errorResponse(
    { code: "unforwardable_request", message: "m", status: 405, headers: { "retry-after": "7" } },
    "openai",
  );
  assert.equal(response.status, 405);
  assert.equal(response.headers.get("retry-after"), "7");
});
