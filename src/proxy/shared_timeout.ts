import { Slots } from "./slots.ts";

/** Something that may take only so long, and ends with its signal when it is overdue. */
export class Timed {
  readonly #abort = new AbortController();
  /** When it is overdue, in milliseconds on the clock of `performance.now`. */
  readonly deadline: number;
  /** Its place among those that run. */
  slot = 0;
  #overdue = false;

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
    return this.#overdue;
  }

  /** Ends it for another reason. */
  abort(reason: unknown): void {
    this.#abort.abort(reason);
  }

  /** Ends it, for it took too long. */
  expire(): void {
    this.#overdue = true;
    this.#abort.abort(new DOMException("It took too long", "TimeoutError"));
  }
}

/**
 * A limit of time that is the same for all it is put on, with one timer for all of them: nearly none
 * is ever overdue, and a `setTimeout` for each costs as much as checking a client key. The timer runs
 * on when all have ended, and keeps no process from ending.
 */
export class SharedTimeout {
  /** The limit, in milliseconds. */
  readonly limitMs: number;
  readonly #running = new Slots<Timed>();
  #isArmed = false;

  /** With a limit in milliseconds. */
  constructor(limitMs: number) {
    this.limitMs = limitMs;
  }

  /** Begins something, which {@linkcode end} has to be told the end of. */
  start(): Timed {
    const timed = new Timed(performance.now() + this.limitMs);
    timed.slot = this.#running.add(timed);
    if (!this.#isArmed) this.#arm(this.limitMs);
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
