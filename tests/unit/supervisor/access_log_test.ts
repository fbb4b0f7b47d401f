import assert from "node:assert/strict";
import type { RequestRecord } from "../../../src/ipc/messages.ts";
import { type LogRecord, sendRecordsTo } from "../../../src/logging/logger.ts";
import { logRequest } from "../../../src/supervisor/access_log.ts";

const RECORD: RequestRecord = {
  time: 1,
  id: "a",
  worker: 1,
  method: "POST",
  path: "/v1/messages",
  dialect: "anthropic",
  status: 200,
  source: "upstream",
  firstByteMs: 1,
  totalMs: 2,
  requestBytes: undefined,
  responseBytes: undefined,
  client: "authenticated",
  aborted: undefined,
  upstreamRequestId: undefined,
  userAgent: undefined,
  code: undefined,
  detail: undefined,
  headers: undefined,
};

function logged(record: Partial<RequestRecord>): LogRecord[] {
  const records: LogRecord[] = [];
  sendRecordsTo((record) => records.push(record));
  logRequest({ ...RECORD, ...record });
  sendRecordsTo(undefined);
  return records;
}

const PROBE = { path: "/healthz", dialect: undefined, client: undefined };

for (
  const [what, record, level] of [
    ["an answer", {}, "info"],
    ["a client's fault, as the upstream sees it", { status: 400 }, "info"],
    ["the upstream's patience asked for", { status: 429 }, "info"],
    ["a refused key", { status: 401, code: "invalid_client_key" }, "info"],
    ["a client that left", { status: 499, aborted: "client" }, "info"],
    ["an upstream's failure", { status: 500 }, "warn"],
    ["an overloaded upstream", { status: 529 }, "warn"],
    ["an upstream that cannot be reached", { status: 502, code: "upstream_unreachable" }, "warn"],
    ["an upstream that takes too long", { status: 504, code: "upstream_timeout" }, "warn"],
    ["no credential", { status: 503, code: "upstream_auth_unavailable" }, "warn"],
    ["a fault of the proxy", { status: 500, code: "internal_error" }, "error"],
    ["a probe", PROBE, "debug"],
    ["a path of the upstream's that is called so", { path: "/healthz" }, "info"],
    ["another answer of the proxy's own", { path: "/v1/messages", dialect: undefined }, "info"],
    ["a probe that fails", { ...PROBE, path: "/readyz", status: 503 }, "warn"],
  ] as [string, Partial<RequestRecord>, string][]
) {
  Deno.test(`${what} is logged at level ${level}`, () => {
    const [line, ...more] = logged(record);
    assert.deepEqual([line?.level, line?.message, line?.time, more], [level, "request", 1, []]);
  });
}

Deno.test("headers are a line of their own, at level debug", () => {
  const [, headers] = logged({ headers: { request: { a: "b" }, response: {} } });
  assert.equal(headers?.level, "debug");
  assert.deepEqual(headers?.fields, { id: "a", request: { a: "b" }, response: {} });
});
