import type { RequestRecord } from "../ipc/messages.ts";

/** Milliseconds that one point of the history stands for. */
const STEP = 10_000;
/** Points kept: 15 minutes. */
const POINTS = 90;
/** Times to first byte kept of one step; more are sampled. */
const SAMPLES = 200;

interface Step {
  readonly index: number;
  requests: number;
  failed: number;
  ownFailed: number;
  rateLimited: number;
  inFlight: number;
  /** Times to first byte seen, of which some are in `samples`. */
  timed: number;
  readonly samples: number[];
}

/** The last 15 minutes, oldest point first; all lists are of one length. */
export interface HistoryView {
  /** Milliseconds that a point stands for. */
  readonly stepMs: number;
  readonly requests: readonly number[];
  /** Those of `requests` that ended with a 5xx status. */
  readonly failed: readonly number[];
  /** Those of `failed` that the proxy itself answered. */
  readonly ownFailed: readonly number[];
  /** Those of `requests` that the upstream answered with 429. */
  readonly rateLimited: readonly number[];
  /** Most requests that ran at a time. */
  readonly inFlight: readonly number[];
  /** Milliseconds to first byte, null where there was none: median and 95th percentile. */
  readonly medianMs: readonly (number | null)[];
  readonly slowMs: readonly (number | null)[];
}

/** What a {@linkcode History} is driven by. */
export interface HistoryClock {
  /** Milliseconds on a clock that never jumps. */
  readonly elapsed: () => number;
  readonly random: () => number;
}

/** Requests of the last 15 minutes in steps of ten seconds, for plots. */
export class History {
  readonly #clock: HistoryClock;
  #steps: Step[] = [];
  #inFlight = 0;

  constructor(clock: HistoryClock) {
    this.#clock = clock;
  }

  /** So many requests run now. */
  running(inFlight: number): void {
    const step = this.#now();
    this.#inFlight = inFlight;
    step.inFlight = Math.max(step.inFlight, inFlight);
  }

  /** A request has ended. */
  ended(
    { status, source }: Pick<RequestRecord, "status" | "source">,
    firstByteMs: number | undefined,
  ): void {
    const step = this.#now();
    step.requests++;
    if (status >= 500) step.failed++;
    if (status >= 500 && source === "proxy") step.ownFailed++;
    if (status === 429 && source === "upstream") step.rateLimited++;
    if (firstByteMs !== undefined) this.#sample(step, firstByteMs);
  }

  /** The points as they are now. */
  view(): HistoryView {
    this.#now();
    const missing: undefined[] = new Array(POINTS - this.#steps.length).fill(undefined);
    const steps = [...missing, ...this.#steps];
    return {
      stepMs: STEP,
      requests: steps.map((step) => step?.requests ?? 0),
      failed: steps.map((step) => step?.failed ?? 0),
      ownFailed: steps.map((step) => step?.ownFailed ?? 0),
      rateLimited: steps.map((step) => step?.rateLimited ?? 0),
      inFlight: steps.map((step) => step?.inFlight ?? 0),
      medianMs: steps.map((step) => quantile(step?.samples, 0.5)),
      slowMs: steps.map((step) => quantile(step?.samples, 0.95)),
    };
  }

  /** The step of this moment. Steps in which nothing came or went had the same requests running. */
  #now(): Step {
    const index = Math.floor(this.#clock.elapsed() / STEP);
    const oldest = index - POINTS + 1;
    let next = Math.max(oldest, (this.#steps.at(-1)?.index ?? index - 1) + 1);
    for (; next <= index; next++) {
      this.#steps.push({
        index: next,
        requests: 0,
        failed: 0,
        ownFailed: 0,
        rateLimited: 0,
        inFlight: this.#inFlight,
        timed: 0,
        samples: [],
      });
    }
    while (this.#steps[0]!.index < oldest) this.#steps.shift();
    return this.#steps.at(-1)!;
  }

  /** Each observation has the same chance to be kept (reservoir sampling). */
  #sample(step: Step, value: number): void {
    step.timed++;
    if (step.samples.length < SAMPLES) step.samples.push(value);
    else {
      const place = Math.floor(this.#clock.random() * step.timed);
      if (place < SAMPLES) step.samples[place] = value;
    }
  }
}

function quantile(samples: readonly number[] | undefined, share: number): number | null {
  if (samples === undefined || samples.length === 0) return null;
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
}
