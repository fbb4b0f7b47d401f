import assert from "node:assert/strict";
import { Metrics } from "../../../src/admin/metrics.ts";
import type { RequestRecord } from "../../../src/ipc/messages.ts";

const MINUTE = 60_000;
const SECRET = "sk-secret";

/** Metrics on a clock that the test moves. */
function metricsAt(clock: { now: number }): Metrics {
  return new Metrics({
    droppedLines: () => ({ stdout: 3, files: 0 }),
    scrub: (text) => text.replaceAll(SECRET, "[redacted]"),
    now: () => clock.now,
    elapsed: () => clock.now,
    random: () => 0.5,
  });
}

function record(values: Partial<RequestRecord>): RequestRecord {
  return {
    time: 0,
    id: "1",
    worker: 1,
    method: "POST",
    path: "/v1/messages",
    dialect: "anthropic",
    status: 200,
    source: "upstream",
    firstByteMs: 700,
    totalMs: 8000,
    requestBytes: undefined,
    responseBytes: undefined,
    client: "authenticated",
    aborted: undefined,
    upstreamRequestId: undefined,
    userAgent: undefined,
    code: undefined,
    detail: undefined,
    headers: undefined,
    ...values,
  };
}

function report(metrics: Metrics, inFlight: number, ...records: Partial<RequestRecord>[]): void {
  metrics.report({ worker: 1, inFlight, webSockets: 0, records: records.map(record) });
}

const has = (metrics: Metrics, line: string) =>
  assert.ok(metrics.expose().split("\n").includes(line), `${line} in\n${metrics.expose()}`);

Deno.test("requests are counted by dialect, method and class of status", () => {
  const metrics = metricsAt({ now: 0 });
  report(metrics, 2, {}, {}, { status: 529 }, { dialect: "openai", method: "BREW", status: 404 });
  report(metrics, 0, { dialect: undefined, method: "GET", path: "/healthz" });
  const name = "claude_proxy_requests_total";
  has(metrics, `${name}{dialect="anthropic",method="POST",status_class="2xx"} 2`);
  has(metrics, `${name}{dialect="anthropic",method="POST",status_class="5xx"} 1`);
  has(metrics, `${name}{dialect="openai",method="other",status_class="4xx"} 1`);
  has(metrics, `${name}{dialect="none",method="GET",status_class="2xx"} 1`);
});

Deno.test("histograms hold the upstream's answers, from 50 ms to 30 min", () => {
  const metrics = metricsAt({ now: 0 });
  report(metrics, 0, {}, { totalMs: 3_600_000 }, { code: "invalid_client_key", status: 401 });
  const name = "claude_proxy_request_duration_seconds";
  has(metrics, `${name}_bucket{dialect="anthropic",le="5"} 0`);
  has(metrics, `${name}_bucket{dialect="anthropic",le="10"} 1`);
  has(metrics, `${name}_bucket{dialect="anthropic",le="1800"} 1`);
  has(metrics, `${name}_bucket{dialect="anthropic",le="+Inf"} 2`);
  has(metrics, `${name}_sum{dialect="anthropic"} 3608`);
  has(metrics, `claude_proxy_time_to_first_byte_seconds_bucket{dialect="anthropic",le="0.5"} 0`);
  has(metrics, `claude_proxy_time_to_first_byte_seconds_count{dialect="anthropic"} 2`);
});

Deno.test("aborts, refusals and upstream failures are told apart", () => {
  const metrics = metricsAt({ now: 0 });
  report(
    metrics,
    0,
    { aborted: "client" },
    { aborted: "proxy" },
    { aborted: "upstream", detail: "broke off" },
    { code: "upstream_timeout", status: 504 },
    { code: "missing_client_key", status: 401 },
  );
  has(metrics, "claude_proxy_client_aborts_total 1");
  has(metrics, "claude_proxy_requests_cut_off_total 1");
  has(metrics, "claude_proxy_upstream_aborts_total 1");
  has(metrics, 'claude_proxy_upstream_failures_total{code="upstream_timeout"} 1');
  has(metrics, 'claude_proxy_refusals_total{code="missing_client_key"} 1');
});

Deno.test("in flight is the sum of what the workers last said, and a dead one runs nothing", () => {
  const metrics = metricsAt({ now: 0 });
  metrics.startWorkers(2);
  report(metrics, 5);
  metrics.report({ worker: 2, inFlight: 2, webSockets: 1, records: [] });
  assert.deepEqual([metrics.view().inFlight, metrics.view().webSockets], [7, 1]);
  metrics.workerDied(1);
  has(metrics, 'claude_proxy_requests_in_flight{worker="1"} 0');
  has(metrics, 'claude_proxy_requests_in_flight{worker="2"} 2');
  has(metrics, 'claude_proxy_websockets_in_flight{worker="2"} 1');
  has(metrics, 'claude_proxy_worker_deaths_total{worker="1"} 1');
});

Deno.test("token and certificate have lifetimes once they are told of", () => {
  const clock = { now: 1_000_000 };
  const metrics = metricsAt(clock);
  assert.doesNotMatch(metrics.expose(), /token_age|certificate_expiry/);
  metrics.tokenAcquired(clock.now + 60 * MINUTE);
  clock.now += 90_000;
  metrics.tokenFailed();
  const expiry = { names: ["a.example"], notAfter: 5_000_000 };
  metrics.certificateServed(Object.assign({ key: "private" }, expiry));
  assert.deepEqual(metrics.view().certificate, expiry);
  has(metrics, "claude_proxy_upstream_token_age_seconds 90");
  has(metrics, "claude_proxy_upstream_token_expiry_timestamp_seconds 4600");
  has(metrics, "claude_proxy_upstream_token_refreshes_total 1");
  has(metrics, "claude_proxy_upstream_token_refresh_failures_total 1");
  has(metrics, "claude_proxy_certificate_expiry_timestamp_seconds 5000");
  has(metrics, 'claude_proxy_log_lines_dropped_total{sink="stdout"} 3');
});

Deno.test("the history has 15 minutes in steps of ten seconds, and forgets what is older", () => {
  const clock = { now: 60 * MINUTE };
  const metrics = metricsAt(clock);
  report(metrics, 1, { firstByteMs: 100 }, { firstByteMs: 300 }, { firstByteMs: 200, status: 502 });
  clock.now += 5 * MINUTE;
  let { history } = metrics.view();
  assert.equal(history.requests.length, 90);
  assert.deepEqual([history.requests.at(-31), history.failed.at(-31)], [3, 1]);
  assert.deepEqual([history.medianMs.at(-31), history.slowMs.at(-31)], [200, 300]);
  assert.deepEqual(history.inFlight.slice(-32), [0, ...new Array(31).fill(1)], "it still runs");
  assert.equal(history.medianMs.at(-1), null);
  clock.now += 60 * MINUTE;
  report(metrics, 0);
  ({ history } = metrics.view());
  assert.equal(history.requests.reduce((sum, count) => sum + count), 0);
  assert.equal(history.inFlight.at(-2), 1);
});

Deno.test("errors are listed by code, the latest first", () => {
  const clock = { now: 0 };
  const metrics = metricsAt(clock);
  report(metrics, 0, { code: "upstream_timeout" }, { code: "upstream_timeout" });
  clock.now = 5;
  report(metrics, 0, { code: "shutting_down" });
  assert.deepEqual(metrics.view().errors, [
    { code: "shutting_down", count: 1, lastAt: 5 },
    { code: "upstream_timeout", count: 2, lastAt: 0 },
  ]);
});

Deno.test("counters of failures have a sample of 0 from the start", () => {
  const metrics = metricsAt({ now: 0 });
  metrics.startWorkers(1);
  for (const code of ["unreachable", "timeout", "auth_unavailable"]) {
    has(metrics, `claude_proxy_upstream_failures_total{code="upstream_${code}"} 0`);
  }
  for (const code of ["invalid_client_key", "shutting_down", "internal_error"]) {
    has(metrics, `claude_proxy_refusals_total{code="${code}"} 0`);
  }
  for (const source of ["upstream", "proxy"]) {
    has(metrics, `claude_proxy_answers_total{source="${source}",status_class="5xx"} 0`);
  }
  has(metrics, "claude_proxy_upstream_rate_limited_total 0");
  has(metrics, 'claude_proxy_worker_deaths_total{worker="1"} 0');
  has(metrics, 'claude_proxy_settings_reloads_total{result="failed"} 0');
  has(metrics, "claude_proxy_upstream_token_refresh_failures_total 0");
});

Deno.test("answers are counted by whose they are; 429s of the upstream by themselves", () => {
  const metrics = metricsAt({ now: 0 });
  const own = { source: "proxy" } as const;
  report(
    metrics,
    0,
    {},
    { status: 429 },
    { status: 529 },
    { ...own, code: "upstream_unreachable", status: 502 },
    { ...own, code: "unforwardable_request", status: 400, dialect: undefined },
    { ...own, dialect: undefined, path: "/healthz" },
    { status: 499, aborted: "client" },
    { status: 503, source: undefined, aborted: "proxy", firstByteMs: undefined },
  );
  const { answers, rateLimited, history } = metrics.view();
  assert.deepEqual(answers, {
    upstream: { "1xx": 0, "2xx": 1, "3xx": 0, "4xx": 1, "5xx": 1 },
    proxy: { "1xx": 0, "2xx": 0, "3xx": 0, "4xx": 1, "5xx": 1 },
  });
  assert.equal(rateLimited, 1);
  assert.deepEqual(
    [history.failed.at(-1), history.ownFailed.at(-1), history.rateLimited.at(-1)],
    [3, 1, 1],
  );
});

Deno.test("the last 20 failures are kept, bounded and without secrets; refusals are none", () => {
  const metrics = metricsAt({ now: 0 });
  const own = { source: "proxy", status: 502, code: "upstream_unreachable" } as const;
  for (let time = 0; time < 30; time++) report(metrics, 0, { ...own, time, id: `r${time}` });
  report(
    metrics,
    0,
    {},
    { status: 404 },
    { status: 401, client: "anonymous", id: "with a key of its own" },
    { source: "proxy", status: 401, code: "invalid_client_key" },
    { source: "proxy", status: 503, code: "shutting_down" },
    { status: 429, id: "limited" },
    { ...own, id: SECRET + "i".repeat(9_999), detail: SECRET + "d".repeat(1e6) },
  );
  const { failures } = metrics.view();
  assert.equal(failures.length, 20);
  const [huge, limited, last] = failures;
  assert.match(huge!.id, /^\[redacted\]i+$/);
  assert.match(huge!.reason, /^\[redacted\]d+$/);
  assert.deepEqual([huge!.id.length, huge!.reason.length], [128, 300]);
  assert.deepEqual([limited!.source, limited!.reason], ["upstream", "the upstream's rate limit"]);
  assert.deepEqual([last!.time, failures.at(-1)!.time], [29, 12]);
});

Deno.test("the state: no credential, and why; draining, and until when", () => {
  const clock = { now: 5_000 };
  const metrics = metricsAt(clock);
  assert.deepEqual(metrics.view().credential, { isAtHand: false, failure: undefined });
  const failure = { reason: `no ${SECRET} ${"r".repeat(9_999)}`, retryInMs: 3 };
  metrics.watchCredential({ state: { isAtHand: false, failure } });
  const seen = metrics.view().credential.failure!;
  assert.match(seen.reason, /^no \[redacted\] r+$/);
  assert.deepEqual([seen.reason.length, seen.retryInMs], [600, 3]);
  has(metrics, "claude_proxy_upstream_credential_available 0");
  has(metrics, "claude_proxy_draining 0");
  metrics.watchCredential({ state: { isAtHand: true, failure: undefined } });
  metrics.drains(30);
  has(metrics, "claude_proxy_upstream_credential_available 1");
  has(metrics, "claude_proxy_draining 1");
  assert.deepEqual(metrics.view().draining, { since: 5_000, until: 35_000 });
});
