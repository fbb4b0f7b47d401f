import { type Clock, systemClock } from "../time/clock.ts";

/** Milliseconds between two looks. */
const INTERVAL = 1_000;
/** Milliseconds that memory gets to fall after a worker was ended. */
const SETTLING = 3_000;
/** Milliseconds until workers are ended again where it did not help to end all of them. */
const PAUSE = 600_000;
/** By how much memory may grow within that pause. */
const GROWTH = 1.25;
/** Milliseconds of silence by which a worker gives itself away. */
const SILENCE = 1_000;

/** What is known of a worker from outside. */
export interface WorkerLoad {
  /** Counts from 1. */
  readonly worker: number;
  /** Requests that run, WebSockets among them. Connections without a request are not known. */
  readonly inFlight: number;
  /** Milliseconds since it was pinged, unless it has answered. */
  readonly silentMs: number;
}

/** What a memory guard works with. */
export interface MemoryGuardOptions {
  /** Most bytes that the process may hold; without it there is no limit. */
  readonly limit: number | undefined;
  /** The workers that live. */
  readonly workers: () => readonly WorkerLoad[];
  /** Ends one, which is then replaced. */
  readonly end: (worker: number, reason: string) => void;
  /** Every worker was ended, and memory stays above the limit. */
  readonly onFailure: (held: { bytes: number; memory_limit: number }) => void;
  /** Bytes that the process holds. @default {its resident memory} */
  readonly held?: () => number;
  /** @default {systemClock} */
  readonly clock?: Clock;
}

/**
 * Holds the process to `memory_limit`: above it, the worker that is the most likely to hold the memory
 * is ended. Nobody can tell how much each holds, because what a flood makes a worker hold is the
 * runtime's and not JavaScript's.
 */
export class MemoryGuard {
  readonly #options: MemoryGuardOptions;
  readonly #clock: Clock;
  /** Those that were ended since memory was within the limit. */
  readonly #ended = new Set<number>();
  #limit: number | undefined;
  #restingUntil = -Infinity;
  /** Bytes that are no reason to look on before that. */
  #tolerated = Infinity;
  #cancel = () => {};

  /** Begins to look. */
  constructor(options: MemoryGuardOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#limit = options.limit;
    this.#wait();
  }

  /** The limit from now on. */
  set limit(limit: number | undefined) {
    this.#limit = limit;
  }

  /** Looks no more. */
  stop(): void {
    this.#cancel();
  }

  #wait(): void {
    this.#cancel = this.#clock.after(INTERVAL, () => {
      this.#wait();
      if (this.#limit !== undefined) this.#look(this.#limit);
    });
  }

  #look(limit: number): void {
    const { held = residentMemory, workers, end, onFailure } = this.#options;
    const bytes = held();
    if (bytes <= limit) return this.#ended.clear();
    const now = this.#clock.elapsed();
    if (now < this.#restingUntil && bytes <= this.#tolerated) return;
    const suspect = mostSuspect(workers().filter(({ worker }) => !this.#ended.has(worker)));
    if (suspect !== undefined) {
      this.#rest(now + SETTLING, Infinity);
      this.#ended.add(suspect.worker);
      return end(suspect.worker, reasonFor(suspect, bytes, limit));
    }
    // What goes on growing is a flood, which would have all the memory there is within the pause.
    this.#rest(now + PAUSE, bytes * GROWTH);
    this.#ended.clear();
    onFailure({ bytes, memory_limit: limit });
  }

  #rest(until: number, tolerated: number): void {
    this.#restingUntil = until;
    this.#tolerated = tolerated;
  }
}

function residentMemory(): number {
  return Deno.memoryUsage().rss;
}

/** One that is silent is being flooded; else the one with the most requests. */
function mostSuspect(workers: readonly WorkerLoad[]): WorkerLoad | undefined {
  const silence = ({ silentMs }: WorkerLoad) => silentMs > SILENCE ? silentMs : 0;
  return workers.toSorted((one, other) =>
    silence(other) - silence(one) || other.inFlight - one.inFlight
  )[0];
}

function reasonFor({ inFlight, silentMs }: WorkerLoad, bytes: number, limit: number): string {
  const why = silentMs > SILENCE
    ? `this worker has been silent for ${Math.round(silentMs / 100) / 10} s`
    : `no worker has more than its ${inFlight} requests`;
  return `${bytes} bytes of memory exceed memory_limit ${limit}, and ${why}`;
}
