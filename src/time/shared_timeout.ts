import { Slots } from "./slots.ts";

/** The reason of those that took too long. */
const OVERDUE = new DOMException("It took too long", "TimeoutError");

/** Something that may take only so long, and ends with its signal when it is overdue. */
export class Timed {
  readonly #abort = new AbortController();
  /** When it is overdue, in milliseconds on the clock of `performance.now`. */
  readonly deadline: number;
  /** Its place among those that run. */
  slot = 0;

  /** Overdue at a deadline, in milliseconds on the clock of `performance.now`. */
  constructor(deadline: number) {
    this.deadline = deadline;
  }

  /** Aborted when it is overdue, or by {@linkcode abort}. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether it took too long. */
  get isOverdue(): boolean {
    return this.#abort.signal.reason === OVERDUE;
  }

  /** Ends it for another reason. */
  abort(reason: unknown): void {
    this.#abort.abort(reason);
  }

  /** Ends it, for it took too long. */
  expire(): void {
    this.#abort.abort(OVERDUE);
  }
}

/**
 * A limit of time that is the same for all it is put on, with one timer for all of them: nearly none
 * is ever overdue, and a `setTimeout` for each took 3 % of a small request's processor time. The timer
 * runs on when all have ended, and keeps no process from ending.
 */
export class SharedTimeout {
  readonly #limitMs: number;
  readonly #running = new Slots<Timed>();
  #isArmed = false;

  /** With a limit in milliseconds. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Begins something, which {@linkcode end} has to be told the end of. */
  start(): Timed {
    const timed = new Timed(performance.now() + this.#limitMs);
    timed.slot = this.#running.add(timed);
    if (!this.#isArmed) this.#arm(this.#limitMs);
    return timed;
  }

  /** It has ended, and cannot be overdue any more. */
  end(timed: Timed): void {
    this.#running.delete(timed.slot, timed);
  }

  #arm(milliseconds: number): void {
    this.#isArmed = true;
    Deno.unrefTimer(setTimeout(() => this.#expire(), milliseconds));
  }

  #expire(): void {
    this.#isArmed = false;
    const now = performance.now();
    let next = Infinity;
    for (const [, timed] of this.#running.entries()) {
      if (timed.deadline > now) {
        next = Math.min(next, timed.deadline);
      } else {
        this.end(timed);
        timed.expire();
      }
    }
    if (next < Infinity) this.#arm(Math.max(1, next - now));
  }
}
