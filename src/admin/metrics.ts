import deno from "../../deno.json" with { type: "json" };
import type { RequestReport } from "../ipc/messages.ts";
import { counter, expose, gauge, Samples } from "./exposition.ts";
import { RequestMetrics, type RequestsView } from "./request_metrics.ts";

/** What metrics are made with. */
export interface MetricsOptions {
  /** Log lines lost so far. */
  readonly droppedLines: () => { readonly stdout: number; readonly files: number };
  /** Takes secrets out of a text. */
  readonly scrub: (text: string) => string;
  /** Milliseconds since the epoch. @default {Date.now} */
  readonly now?: () => number;
  /** Milliseconds on a clock that never jumps. @default {performance.now} */
  readonly elapsed?: () => number;
  /** @default {Math.random} */
  readonly random?: () => number;
}

/** Whether there is a credential for the upstream, and why not. */
export interface CredentialState {
  readonly isAtHand: boolean;
  /** The last attempt to get one, where it failed; `retryInMs` is 0 while another is under way. */
  readonly failure: { readonly reason: string; readonly retryInMs: number } | undefined;
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

/** The end of the process, which lets running requests end. Milliseconds since the epoch. */
export interface Draining {
  readonly since: number;
  /** When what still runs is cut off. */
  readonly until: number;
}

/** What one worker runs now, and how often it died. */
interface WorkerState {
  inFlight: number;
  webSockets: number;
  deaths: number;
}

/** What the metrics know, for the status page. */
export interface MetricsView extends RequestsView {
  readonly startedAt: number;
  readonly draining: Draining | undefined;
  readonly credential: CredentialState;
  readonly inFlight: number;
  /** Those of `inFlight` that are WebSockets. */
  readonly webSockets: number;
  readonly workers: readonly (Readonly<WorkerState> & { readonly worker: number })[];
  readonly token: (TokenLifetime & { refreshes: number; failures: number }) | undefined;
  readonly certificate: CertificateExpiry | undefined;
  readonly droppedLines: { readonly stdout: number; readonly files: number };
  readonly reloads: { readonly succeeded: number; readonly failed: number };
  /** Bytes: of the whole process, and of the supervisor's heap. */
  readonly memory: { readonly rss: number; readonly heapUsed: number; readonly heapTotal: number };
}

/** Longest reason that the status page shows, in characters. */
const LONGEST_REASON = 600;

/** Numbers over all workers, gathered in the supervisor from their reports. */
export class Metrics {
  readonly #options: MetricsOptions;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #requests: RequestMetrics;
  readonly #workers = new Map<number, WorkerState>();
  readonly #reloadCounts = { succeeded: 0, failed: 0 };
  readonly #tokenCounts = { refreshes: 0, failures: 0 };
  #token: TokenLifetime | undefined;
  #certificate: CertificateExpiry | undefined;
  #draining: Draining | undefined;
  #credential: () => CredentialState = () => ({ isAtHand: false, failure: undefined });

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#startedAt = this.#now();
    this.#requests = new RequestMetrics({
      now: this.#now,
      scrub: options.scrub,
      elapsed: options.elapsed ?? (() => performance.now()),
      random: options.random ?? Math.random,
    });
  }

  /** Who knows of the upstream's credential. */
  watchCredential(source: { readonly state: CredentialState }): void {
    this.#credential = () => source.state;
  }

  /** So many workers are about to run. */
  startWorkers(count: number): void {
    for (let worker = 1; worker <= count; worker++) this.#worker(worker);
  }

  /** A worker tells of its requests. */
  report({ worker, inFlight, webSockets, records }: Omit<RequestReport, "lost">): void {
    Object.assign(this.#worker(worker), { inFlight, webSockets });
    this.#requests.running(this.#inFlight);
    for (const record of records) this.#requests.count(record);
  }

  /** A worker died, and its requests with it. */
  workerDied(number: number): void {
    const worker = this.#worker(number);
    worker.inFlight = worker.webSockets = 0;
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

  /** The end has begun: new requests are refused, and those that run have so many seconds. */
  drains(timeout: number): void {
    const since = this.#now();
    this.#draining = { since, until: since + timeout * 1000 };
  }

  /** Everything in the Prometheus text format. */
  expose(): string {
    return expose([
      ...this.#requests.metrics,
      ...this.#workerMetrics(),
      ...this.#tokenMetrics(),
      ...this.#certificateMetrics(),
      ...this.#processMetrics(),
    ]);
  }

  /** Everything for the status page. */
  view(): MetricsView {
    const attempts = this.#tokenCounts.refreshes + this.#tokenCounts.failures;
    const { rss, heapUsed, heapTotal } = Deno.memoryUsage();
    return {
      ...this.#requests.view(),
      startedAt: this.#startedAt,
      draining: this.#draining,
      credential: this.#credentialView(),
      inFlight: this.#inFlight,
      webSockets: this.#workers.values().reduce((sum, { webSockets }) => sum + webSockets, 0),
      workers: [...this.#workers].map(([worker, state]) => ({ worker, ...state })),
      token: attempts === 0
        ? undefined
        : { acquiredAt: 0, expiresAt: 0, ...this.#token, ...this.#tokenCounts },
      certificate: this.#certificate,
      droppedLines: this.#options.droppedLines(),
      reloads: this.#reloadCounts,
      memory: { rss, heapUsed, heapTotal },
    };
  }

  #credentialView(): CredentialState {
    const { isAtHand, failure } = this.#credential();
    if (failure === undefined) return { isAtHand, failure };
    const reason = this.#options.scrub(failure.reason).slice(0, LONGEST_REASON);
    return { isAtHand, failure: { ...failure, reason } };
  }

  get #inFlight(): number {
    return this.#workers.values().reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  #worker(number: number): WorkerState {
    let worker = this.#workers.get(number);
    if (worker === undefined) {
      this.#workers.set(number, worker = { inFlight: 0, webSockets: 0, deaths: 0 });
    }
    return worker;
  }

  #workerMetrics(): Samples[] {
    const running = gauge("requests_in_flight", "Requests that run now.");
    const webSockets = gauge("websockets_in_flight", "Those of them that are WebSockets.");
    const deaths = counter("worker_deaths_total", "Workers that died and were replaced.");
    for (const [number, state] of this.#workers) {
      const labels = { worker: String(number) };
      running.set(labels, state.inFlight);
      webSockets.set(labels, state.webSockets);
      deaths.add(labels, state.deaths);
    }
    return [running, webSockets, deaths];
  }

  #tokenMetrics(): Samples[] {
    const refreshes = counter("upstream_token_refreshes_total", "Upstream tokens acquired.");
    const failures = counter(
      "upstream_token_refresh_failures_total",
      "Attempts to get an upstream token that failed.",
    );
    refreshes.add({}, this.#tokenCounts.refreshes);
    failures.add({}, this.#tokenCounts.failures);
    const available = gauge(
      "upstream_credential_available",
      "Whether there is a credential for the upstream.",
    );
    available.set({}, Number(this.#credential().isAtHand));
    if (this.#token === undefined) return [available, refreshes, failures];
    const { acquiredAt, expiresAt } = this.#token;
    const age = gauge("upstream_token_age_seconds", "Age of the upstream token.");
    age.set({}, (this.#now() - acquiredAt) / 1000);
    const expiry = gauge(
      "upstream_token_expiry_timestamp_seconds",
      "When the upstream token expires, in seconds since the epoch.",
    );
    expiry.set({}, expiresAt / 1000);
    return [available, refreshes, failures, age, expiry];
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
    const draining = gauge("draining", "Whether the process ends and refuses new requests.");
    draining.set({}, Number(this.#draining !== undefined));
    const start = new Samples(
      "gauge",
      "process_start_time_seconds",
      "When the process started, in seconds since the epoch.",
    );
    start.set({}, this.#startedAt / 1000);
    const memory = new Samples(
      "gauge",
      "process_resident_memory_bytes",
      "Memory of the process, its workers included.",
    );
    memory.set({}, Deno.memoryUsage().rss);
    return [dropped, reloads, build, draining, start, memory];
  }
}
