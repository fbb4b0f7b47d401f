import assert from "node:assert/strict";
import {
  productOf,
  requestId,
  RequestRecorder,
  upstreamRequestId,
} from "../../../src/worker/recorder.ts";
import { workerConfig } from "../../kit/process/worker_config.ts";

/** A recorder of worker 3. */
function recorderOf(request: Request, recordHeaders: boolean): RequestRecorder {
  return new RequestRecorder(
    request,
    workerConfig("http://upstream", { worker: 3, recordHeaders }),
  );
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

Deno.test("a client's request id is kept where it is sane, else it gets one of ours", () => {
  const idOf = (id: string) => requestId(new Headers({ "x-request-id": id }), ["x-request-id"]);
  for (const sane of ["a", "req_011CSHo", "1-67891233-abcdef012345678912345678", "a".repeat(128)]) {
    assert.equal(idOf(sane), sane);
  }
  for (const odd of ["", " ", "a b", "a\tb", '"a"', "a".repeat(129), "-a", "a,b", "é", "a=b"]) {
    assert.match(idOf(odd), UUID, odd);
  }
  assert.match(requestId(new Headers(), ["x-request-id"]), UUID);
});

Deno.test("the first sane id of those that a client sends is kept", () => {
  const idOf = (headers: Record<string, string>, names: string[]) =>
    requestId(new Headers(headers), names);
  const both = { "x-request-id": "first", "x-client-request-id": "second" };
  const names = ["x-request-id", "x-client-request-id"];
  assert.equal(idOf(both, names), "first");
  assert.equal(idOf(both, names.toReversed()), "second");
  assert.equal(idOf({ ...both, "x-request-id": "a b" }, names), "second");
  assert.match(idOf(both, []), UUID);
});

Deno.test("by default Codex's own id of a request is known too", () => {
  const request = new Request("http://proxy/", { headers: { "x-client-request-id": "codex-1" } });
  assert.equal(recorderOf(request, false).record(undefined).id, "codex-1");
});

Deno.test("the upstream's request id is found under each vendor's name", () => {
  for (const name of ["request-id", "apim-request-id", "x-request-id"]) {
    assert.equal(upstreamRequestId(new Headers({ [name]: "req_1" })), "req_1");
  }
  const both = new Headers({ "x-request-id": "theirs", "apim-request-id": "azure" });
  assert.equal(upstreamRequestId(both), "azure");
  assert.equal(upstreamRequestId(new Headers({ "request-id": "a b" })), undefined);
});

Deno.test("of a user agent its first product is logged", () => {
  const cases: [string | null, string | undefined][] = [
    ["claude-cli/2.0.1 (external, cli)", "claude-cli/2.0.1"],
    ["Anthropic/Python 0.60.0", "Anthropic/Python"],
    ["codex_cli_rs/0.42.0 (Debian 12) xterm", "codex_cli_rs/0.42.0"],
    ["curl", "curl"],
    ["", undefined],
    [null, undefined],
    ["(odd)", undefined],
  ];
  for (const [agent, product] of cases) assert.equal(productOf(agent), product);
  assert.equal(productOf("x".repeat(1000))?.length, 64);
});

Deno.test("a record tells of request and answer as they were when the answer was there", () => {
  const request = new Request("http://proxy/v1/messages", {
    method: "POST",
    headers: { "x-request-id": "theirs", "content-length": "5", "x-api-key": "secret" },
    body: "hello",
  });
  const response = new Response("", {
    status: 429,
    headers: { "request-id": "req_1", "content-length": "7" },
  });
  const recorder = recorderOf(request, true);
  recorder.answered(response);
  for (const name of ["request-id", "content-length"]) response.headers.delete(name);
  const record = recorder.record("client");
  const { id, worker, method, status, requestBytes, responseBytes, aborted, headers } = record;
  assert.deepEqual({ id, worker, method, status, requestBytes, responseBytes, aborted }, {
    ...{ id: "theirs", worker: 3, method: "POST", status: 429 },
    ...{ requestBytes: 5, responseBytes: 7, aborted: "client" },
  });
  assert.equal(record.upstreamRequestId, "req_1");
  assert.equal(headers?.response["request-id"], "req_1");
  assert.notEqual(headers?.request["x-api-key"], "secret");
  assert.ok(record.firstByteMs !== undefined && record.firstByteMs <= record.totalMs);
});

Deno.test("an answer of the proxy's own carries the log's id, which is none of the upstream's", () => {
  for (const [sent, id] of [["theirs-1", /^theirs-1$/], ["a b", UUID]] as const) {
    const request = new Request("http://proxy/", { headers: { "x-request-id": sent } });
    const recorder = recorderOf(request, false);
    recorder.outcome.isOwn = true;
    recorder.outcome.code = "upstream_unreachable";
    const response = new Response("");
    recorder.answered(response);
    const record = recorder.record(undefined);
    assert.match(record.id, id);
    assert.equal(response.headers.get("x-request-id"), record.id);
    assert.deepEqual([record.code, record.upstreamRequestId, record.headers], [
      "upstream_unreachable",
      undefined,
      undefined,
    ]);
  }
});

Deno.test("a forwarded answer keeps its x-request-id, or goes without one", () => {
  const request = new Request("http://proxy/", { headers: { "x-request-id": "theirs-1" } });
  for (const headers of [new Headers({ "x-request-id": "upstream-1" }), new Headers()]) {
    const response = new Response("", { headers });
    recorderOf(request, false).answered(response);
    assert.deepEqual([...response.headers], [...new Response("", { headers }).headers]);
  }
});

Deno.test("a request cut off before any answer is a 503 that nobody received", () => {
  const request = new Request("http://proxy/", { headers: { "user-agent": "curl/8" } });
  const record = recorderOf(request, true).record("proxy");
  const { status, firstByteMs, responseBytes, userAgent, headers } = record;
  assert.deepEqual([status, firstByteMs, responseBytes, userAgent], [
    ...[503, undefined, undefined, "curl/8"],
  ]);
  assert.deepEqual(headers, { request: { "user-agent": "curl/8" }, response: {} });
});

Deno.test("of a request with a key in a wrong place nothing is recorded that may hold the key", () => {
  const headers = { "x-request-id": "a-key", "user-agent": "a-key/1", "content-length": "5" };
  const recorder = recorderOf(new Request("http://proxy/a-key", { headers }), true);
  Object.assign(recorder.outcome, { path: "/a-key", isOwn: true, code: "misplaced_client_key" });
  const response = new Response("");
  recorder.answered(response);
  const record = recorder.record(undefined);
  assert.match(record.id, UUID);
  assert.equal(response.headers.get("x-request-id"), record.id);
  assert.deepEqual([record.path, record.userAgent, record.headers], [
    undefined,
    undefined,
    undefined,
  ]);
  assert.equal(record.requestBytes, 5);
  assert.ok(!JSON.stringify(record).includes("a-key"));
});
