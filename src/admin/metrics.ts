import deno from "../../deno.json" with { type: "json" };
import type { RequestRecord, RequestReport } from "../ipc/messages.ts";
import { expose, Histogram, Samples } from "./exposition.ts";
import { History, type HistoryView } from "./history.ts";

/** Seconds, from a refusal to the longest answers of a model: 50 ms to 30 min. */
const BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 1800];
/** Methods that get a label of their own; a client may invent others without end. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** What metrics are made with. */
export interface MetricsOptions {
  /** Log lines lost so far. */
  readonly droppedLines: () => { readonly stdout: number; readonly files: number };
  /** Milliseconds since the epoch. @default {Date.now} */
  readonly now?: () => number;
  /** Milliseconds on a clock that never jumps. @default {performance.now} */
  readonly elapsed?: () => number;
  /** @default {Math.random} */
  readonly random?: () => number;
}

/** The token at hand, and how long it lives. Times in milliseconds since the epoch. */
export interface TokenLifetime {
  readonly acquiredAt: number;
  readonly expiresAt: number;
}

/** The certificate that is served. Times in milliseconds since the epoch. */
export interface CertificateExpiry {
  /** Host names and addresses it is for. */
  readonly names: readonly string[];
  readonly notAfter: number;
}

/** What the metrics know, for the status page. */
export interface MetricsView {
  readonly startedAt: number;
  readonly requests: number;
  readonly clientAborts: number;
  readonly inFlight: number;
  readonly workers: readonly { worker: number; inFlight: number; deaths: number }[];
  /** The proxy's own answers by code, the latest first. */
  readonly errors: readonly { code: string; count: number; lastAt: number }[];
  readonly token: (TokenLifetime & { refreshes: number; failures: number }) | undefined;
  readonly certificate: CertificateExpiry | undefined;
  readonly droppedLines: { readonly stdout: number; readonly files: number };
  readonly reloads: { readonly succeeded: number; readonly failed: number };
  readonly history: HistoryView;
}

/** Numbers over all workers, gathered in the supervisor from their reports. */
export class Metrics {
  readonly #options: MetricsOptions;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #history: History;
  readonly #workers = new Map<number, { inFlight: number; deaths: number }>();
  readonly #errors = new Map<string, { count: number; lastAt: number }>();
  readonly #reloadCounts = { succeeded: 0, failed: 0 };
  readonly #tokenCounts = { refreshes: 0, failures: 0 };
  #token: TokenLifetime | undefined;
  #certificate: CertificateExpiry | undefined;

  readonly #requests = counter("requests_total", "Requests that ended, by answer.");
  readonly #aborts = counter("client_aborts_total", "Requests whose client left before the end.");
  readonly #cutOff = counter(
    "requests_cut_off_total",
    "Requests that shutdown_timeout cut off.",
  );
  readonly #upstreamFailures = counter(
    "upstream_failures_total",
    "Requests answered by the proxy because the upstream or its token failed.",
  );
  readonly #refusals = counter("refusals_total", "Requests refused by the proxy.");
  readonly #firstByte = new Histogram(
    "claude_proxy_time_to_first_byte_seconds",
    "Time to the headers of the upstream's response.",
    BUCKETS,
  );
  readonly #duration = new Histogram(
    "claude_proxy_request_duration_seconds",
    "Time to the end of the response.",
    BUCKETS,
  );

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#startedAt = this.#now();
    this.#history = new History({
      elapsed: options.elapsed ?? (() => performance.now()),
      random: options.random ?? Math.random,
    });
    for (const unlabelled of [this.#aborts, this.#cutOff]) unlabelled.add({}, 0);
  }

  /** So many workers are about to run. */
  startWorkers(count: number): void {
    for (let worker = 1; worker <= count; worker++) {
      this.#workers.set(worker, { inFlight: 0, deaths: 0 });
    }
  }

  /** A worker tells of its requests. */
  report({ worker, inFlight, records }: RequestReport): void {
    this.#worker(worker).inFlight = inFlight;
    this.#history.running(this.#inFlight);
    for (const record of records) this.#count(record);
  }

  /** A worker died, and its requests with it. */
  workerDied(number: number): void {
    const worker = this.#worker(number);
    worker.inFlight = 0;
    worker.deaths++;
  }

  /** The settings were read again. */
  reloaded(succeeded: boolean): void {
    this.#reloadCounts[succeeded ? "succeeded" : "failed"]++;
  }

  /** A token came in. */
  tokenAcquired(expiresAt: number): void {
    this.#tokenCounts.refreshes++;
    this.#token = { acquiredAt: this.#now(), expiresAt };
  }

  /** An attempt to get a token failed. */
  tokenFailed(): void {
    this.#tokenCounts.failures++;
  }

  /** This certificate is served from now on. */
  certificateServed({ names, notAfter }: CertificateExpiry): void {
    this.#certificate = { names, notAfter }; // And no key: the status page shows it.
  }

  /** Everything in the Prometheus text format. */
  expose(): string {
    return expose([
      this.#requests,
      this.#inFlightGauge(),
      this.#firstByte,
      this.#duration,
      this.#aborts,
      this.#cutOff,
      this.#upstreamFailures,
      this.#refusals,
      ...this.#tokenMetrics(),
      ...this.#certificateMetrics(),
      ...this.#processMetrics(),
    ]);
  }

  /** Everything for the status page. */
  view(): MetricsView {
    const errors = [...this.#errors].map(([code, error]) => ({ code, ...error }));
    const attempts = this.#tokenCounts.refreshes + this.#tokenCounts.failures;
    return {
      startedAt: this.#startedAt,
      requests: this.#requests.total,
      clientAborts: this.#aborts.total,
      inFlight: this.#inFlight,
      workers: [...this.#workers].map(([worker, state]) => ({ worker, ...state })),
      errors: errors.sort((a, b) => b.lastAt - a.lastAt),
      token: attempts === 0
        ? undefined
        : { acquiredAt: 0, expiresAt: 0, ...this.#token, ...this.#tokenCounts },
      certificate: this.#certificate,
      droppedLines: this.#options.droppedLines(),
      reloads: this.#reloadCounts,
      history: this.#history.view(),
    };
  }

  get #inFlight(): number {
    return this.#workers.values().reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  #worker(number: number): { inFlight: number; deaths: number } {
    let worker = this.#workers.get(number);
    if (worker === undefined) this.#workers.set(number, worker = { inFlight: 0, deaths: 0 });
    return worker;
  }

  #count(record: RequestRecord): void {
    const { dialect = "none", status, code, aborted } = record;
    const method = METHODS.has(record.method) ? record.method : "other";
    const statusClass = `${Math.floor(status / 100)}xx`;
    this.#requests.add({ dialect, method, status_class: statusClass });
    if (aborted === "client") this.#aborts.add({});
    if (aborted === "proxy") this.#cutOff.add({});
    if (code !== undefined) this.#countError(code);
    if (record.dialect === undefined) return;
    const answered = code === undefined ? record.firstByteMs : undefined;
    this.#history.ended(status >= 500, answered);
    if (answered === undefined) return;
    this.#firstByte.observe({ dialect }, answered / 1000);
    this.#duration.observe({ dialect }, record.totalMs / 1000);
  }

  #countError(code: string): void {
    const metric = code.startsWith("upstream_") ? this.#upstreamFailures : this.#refusals;
    metric.add({ code });
    const count = (this.#errors.get(code)?.count ?? 0) + 1;
    this.#errors.set(code, { count, lastAt: this.#now() });
  }

  #inFlightGauge(): Samples {
    const metric = gauge("requests_in_flight", "Requests that run now.");
    for (const [worker, { inFlight }] of this.#workers) {
      metric.set({ worker: String(worker) }, inFlight);
    }
    return metric;
  }

  #tokenMetrics(): Samples[] {
    const refreshes = counter("upstream_token_refreshes_total", "Upstream tokens acquired.");
    const failures = counter(
      "upstream_token_refresh_failures_total",
      "Attempts to get an upstream token that failed.",
    );
    refreshes.add({}, this.#tokenCounts.refreshes);
    failures.add({}, this.#tokenCounts.failures);
    if (this.#token === undefined) return [refreshes, failures];
    const { acquiredAt, expiresAt } = this.#token;
    const age = gauge("upstream_token_age_seconds", "Age of the upstream token.");
    age.set({}, (this.#now() - acquiredAt) / 1000);
    const expiry = gauge(
      "upstream_token_expiry_timestamp_seconds",
      "When the upstream token expires, in seconds since the epoch.",
    );
    expiry.set({}, expiresAt / 1000);
    return [refreshes, failures, age, expiry];
  }

  #certificateMetrics(): Samples[] {
    if (this.#certificate === undefined) return [];
    const expiry = gauge(
      "certificate_expiry_timestamp_seconds",
      "When the certificate that is served expires, in seconds since the epoch.",
    );
    expiry.set({}, this.#certificate.notAfter / 1000);
    return [expiry];
  }

  #processMetrics(): Samples[] {
    const deaths = counter("worker_deaths_total", "Workers that died and were replaced.");
    for (const [worker, state] of this.#workers) {
      deaths.add({ worker: String(worker) }, state.deaths);
    }
    const dropped = counter("log_lines_dropped_total", "Log lines lost to a slow or full sink.");
    for (const [sink, count] of Object.entries(this.#options.droppedLines())) {
      dropped.add({ sink }, count);
    }
    const reloads = counter("settings_reloads_total", "Times the settings were read again.");
    for (const [result, count] of Object.entries(this.#reloadCounts)) {
      reloads.add({ result }, count);
    }
    const build = gauge("build_info", "Version of the proxy and of its runtime.");
    build.set({ version: deno.version, deno_version: Deno.version.deno }, 1);
    const start = new Samples(
      "gauge",
      "process_start_time_seconds",
      "When the process started, in seconds since the epoch.",
    );
    start.set({}, this.#startedAt / 1000);
    return [deaths, dropped, reloads, build, start];
  }
}

function counter(name: string, help: string): Samples {
  return new Samples("counter", `claude_proxy_${name}`, help);
}

function gauge(name: string, help: string): Samples {
  return new Samples("gauge", `claude_proxy_${name}`, help);
}
