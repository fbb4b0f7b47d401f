import { Slots } from "./slots.ts";

/** The reason of those that took too long. */
const OVERDUE = new DOMException("It took too long", "TimeoutError");

/** What is to be done about something that takes long. */
export interface Reminder {
  /** Milliseconds after its beginning; nothing is done where that is not within the limit. */
  readonly afterMs: number;
  /** Called once, if it still runs then. */
  readonly call: (timed: Timed) => void;
}

/** Something that may take only so long, and ends with its signal when it is overdue. */
export class Timed {
  readonly #abort = new AbortController();
  /** When it began, in milliseconds on the clock of `performance.now`. */
  readonly startedAt: number;
  /** When it is overdue, on the same clock; never while it is paused. */
  deadline: number;
  /** What is to be done before that, and has not been done yet. */
  reminder: Reminder | undefined;
  /** Its place among those that run. */
  slot = 0;

  /** Of something that begins now and may take so many milliseconds. */
  constructor(limitMs: number, reminder?: Reminder) {
    this.startedAt = performance.now();
    this.deadline = this.startedAt + limitMs;
    this.reminder = reminder && reminder.afterMs < limitMs ? reminder : undefined;
  }

  /** When something is to be done about it, on the clock of `performance.now`. */
  get due(): number {
    return this.reminder ? this.startedAt + this.reminder.afterMs : this.deadline;
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
  start(reminder?: Reminder): Timed {
    const timed = new Timed(this.#limitMs, reminder);
    timed.slot = this.#running.add(timed);
    if (!this.#isArmed) this.#arm(timed.due - timed.startedAt);
    return timed;
  }

  /** It has ended, and cannot be overdue any more. */
  end(timed: Timed): void {
    this.#running.delete(timed.slot, timed);
  }

  /** Ends it for another reason than its time, unless it has ended. */
  abort(timed: Timed, reason: unknown): void {
    if (this.#running.delete(timed.slot, timed)) timed.abort(reason);
  }

  /** Its time stands still until {@linkcode resume}. */
  pause(timed: Timed): void {
    timed.deadline = Infinity;
  }

  /** Gives it the whole time once more, from now on. */
  resume(timed: Timed): void {
    timed.deadline = performance.now() + this.#limitMs;
    if (!this.#isArmed) this.#arm(this.#limitMs);
  }

  #arm(milliseconds: number): void {
    this.#isArmed = true;
    Deno.unrefTimer(setTimeout(() => this.#look(), milliseconds));
  }

  #look(): void {
    this.#isArmed = false;
    const now = performance.now();
    let next = Infinity;
    for (const [, timed] of this.#running.entries()) {
      if (timed.deadline <= now) {
        this.end(timed);
        timed.expire();
        continue;
      }
      if (timed.due <= now) remind(timed);
      next = Math.min(next, timed.due);
    }
    if (next < Infinity) this.#arm(Math.max(1, next - now));
  }
}

function remind(timed: Timed): void {
  const { reminder } = timed;
  timed.reminder = undefined;
  reminder?.call(timed);
}
