import type { Clock } from "../../../src/time/clock.ts";
import { Condition } from "./condition.ts";

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock the test turns. Wall time and elapsed time go together unless the test parts them. */
export class FakeClock implements Clock {
  #elapsed = 0;
  #wall: number;
  readonly #timers = new Set<Timer>();
  readonly #changed = new Condition();

  /** @param wall the wall clock's start, in milliseconds since the epoch */
  constructor(wall: number = Date.UTC(2026, 0, 1)) {
    this.#wall = wall;
  }

  now(): number {
    return this.#wall;
  }

  elapsed(): number {
    return this.#elapsed;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { due: this.#elapsed + milliseconds, callback };
    this.#timers.add(timer);
    this.#changed.notify();
    return () => this.#timers.delete(timer);
  }

  /** Whether no timer is set. */
  get isIdle(): boolean {
    return this.#timers.size === 0;
  }

  /** Waits until a timer is set, and returns the milliseconds to the first that comes due. */
  async untilSet(): Promise<number> {
    const { due } = await this.#changed.until(() => this.#next(Infinity), "a timer to be set");
    return due - this.#elapsed;
  }

  /**
   * Waits until a timer is set, then lets time pass at once: timers that come due run afterwards. For
   * those who do real work between their timers, which nobody can wait for step by step.
   */
  async leap(milliseconds: number): Promise<void> {
    await this.untilSet();
    this.#pass(milliseconds);
    for (let next = this.#next(this.#elapsed); next; next = this.#next(this.#elapsed)) {
      this.#timers.delete(next);
      next.callback();
    }
  }

  /** Lets time pass: every timer that comes due runs, and then what it set off. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#elapsed + milliseconds;
    await settled();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#pass(next.due - this.#elapsed);
      this.#timers.delete(next);
      next.callback();
      await settled();
    }
    this.#pass(end - this.#elapsed);
  }

  /** Sets the wall clock forward or back, as an operator or a machine that slept does. */
  jump(milliseconds: number): void {
    this.#wall += milliseconds;
  }

  #next(end: number): Timer | undefined {
    const due = [...this.#timers].filter((timer) => timer.due <= end);
    return due.sort((one, other) => one.due - other.due)[0];
  }

  #pass(milliseconds: number): void {
    this.#elapsed += milliseconds;
    this.#wall += milliseconds;
  }
}

/** Resolves when what was ready to run has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
