import type { RequestRecord } from "../ipc/messages.ts";
import { errorCodes } from "../ipc/request_record.ts";
import { counter, Histogram, type Metric, type Samples } from "./exposition.ts";
import { type Failure, Failures, isUpstreamFailure } from "./failures.ts";
import { History, type HistoryClock, type HistoryView } from "./history.ts";

/** Seconds, from a refusal to the longest answers of a model: 50 ms to 30 min. */
const BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 1800];
/** Methods that get a label of their own; a client may invent others without end. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** Who answers. */
const SOURCES = ["upstream", "proxy"] as const;
/** The classes that are counted from the start. */
const CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/** The status of a request whose client left before there was an answer. */
const CLIENT_LEFT = 499;

/** What is known of the requests that ended. */
export interface RequestsView {
  readonly requests: number;
  readonly clientAborts: number;
  /** How many answers there were, by whose they are and by class of status. */
  readonly answers: Readonly<Record<"upstream" | "proxy", Readonly<Record<string, number>>>>;
  /** Those of the upstream's 4xx that are 429. */
  readonly rateLimited: number;
  /** The proxy's own answers by code, the latest first. */
  readonly errors: readonly { code: string; count: number; lastAt: number }[];
  /** The last requests that failed, the latest first. */
  readonly failures: readonly Failure[];
  readonly history: HistoryView;
}

/** What request metrics are made with. */
export interface RequestMetricsOptions extends HistoryClock {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Takes secrets out of a text. */
  readonly scrub: (text: string) => string;
}

/** Numbers of the requests that ended. */
export class RequestMetrics {
  readonly #now: () => number;
  readonly #history: History;
  readonly #failures: Failures;
  readonly #errors = new Map<string, { count: number; lastAt: number }>();

  readonly #requests = counter("requests_total", "Requests that ended, by answer.");
  readonly #answers = counter(
    "answers_total",
    "Answers to requests for the upstream, by whose they are.",
  );
  readonly #rateLimited = counter(
    "upstream_rate_limited_total",
    "Answers of the upstream with status 429.",
  );
  readonly #aborts = counter("client_aborts_total", "Requests whose client left before the end.");
  readonly #upstreamAborts = counter(
    "upstream_aborts_total",
    "Answers that the upstream broke off, or that fell silent; counted with upstream_idle_timeout.",
  );
  readonly #cutOff = counter("requests_cut_off_total", "Requests that shutdown_timeout cut off.");
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

  /** With every counter of a closed set of labels at 0: what first appears at 1 raises no alert. */
  constructor(options: RequestMetricsOptions) {
    this.#now = options.now;
    this.#history = new History(options);
    this.#failures = new Failures(options.scrub);
    const unlabelled = [this.#rateLimited, this.#aborts, this.#upstreamAborts, this.#cutOff];
    for (const metric of unlabelled) metric.add({}, 0);
    for (const code of errorCodes) this.#ownAnswers(code).add({ code }, 0);
    for (const source of SOURCES) {
      for (const status_class of CLASSES) this.#answers.add({ source, status_class }, 0);
    }
  }

  /** So many requests run now. */
  running(inFlight: number): void {
    this.#history.running(inFlight);
  }

  /** A request has ended. */
  count(record: RequestRecord): void {
    const { dialect = "none", status, code, aborted } = record;
    const method = METHODS.has(record.method) ? record.method : "other";
    this.#requests.add({ dialect, method, status_class: classOf(status) });
    if (aborted === "client") this.#aborts.add({});
    if (aborted === "upstream") this.#upstreamAborts.add({});
    if (aborted === "proxy") this.#cutOff.add({});
    if (code !== undefined) this.#countError(code);
    this.#failures.add(record);
    this.#countAnswer(record);
    if (record.dialect === undefined) return;
    const answered = code === undefined ? record.firstByteMs : undefined;
    this.#history.ended(record, answered);
    if (answered === undefined) return;
    this.#firstByte.observe({ dialect }, answered / 1000);
    this.#duration.observe({ dialect }, record.totalMs / 1000);
  }

  /** Everything there is to expose. */
  get metrics(): Metric[] {
    return [
      this.#requests,
      this.#answers,
      this.#rateLimited,
      this.#firstByte,
      this.#duration,
      this.#aborts,
      this.#upstreamAborts,
      this.#cutOff,
      this.#upstreamFailures,
      this.#refusals,
    ];
  }

  /** Everything for the status page. */
  view(): RequestsView {
    const errors = [...this.#errors].map(([code, error]) => ({ code, ...error }));
    return {
      requests: this.#requests.total,
      clientAborts: this.#aborts.total,
      answers: { upstream: this.#answersOf("upstream"), proxy: this.#answersOf("proxy") },
      rateLimited: this.#rateLimited.total,
      errors: errors.sort((a, b) => b.lastAt - a.lastAt),
      failures: this.#failures.view(),
      history: this.#history.view(),
    };
  }

  /** Answers of our own endpoints, and those that nobody received, are none. */
  #countAnswer({ source, dialect, code, status, aborted }: RequestRecord): void {
    const isHealth = dialect === undefined && code === undefined;
    const isUnseen = status === CLIENT_LEFT && aborted === "client";
    if (source === undefined || isHealth || isUnseen) return;
    this.#answers.add({ source, status_class: classOf(status) });
    if (source === "upstream" && status === 429) this.#rateLimited.add({});
  }

  #answersOf(source: string): Record<string, number> {
    const counts = CLASSES.map((status_class) => [
      status_class,
      this.#answers.get({ source, status_class }),
    ]);
    return Object.fromEntries(counts);
  }

  #countError(code: string): void {
    this.#ownAnswers(code).add({ code });
    const count = (this.#errors.get(code)?.count ?? 0) + 1;
    this.#errors.set(code, { count, lastAt: this.#now() });
  }

  #ownAnswers(code: string): Samples {
    return isUpstreamFailure(code) ? this.#upstreamFailures : this.#refusals;
  }
}

function classOf(status: number): string {
  return `${Math.floor(status / 100)}xx`;
}
