import { type Clock, systemClock } from "../time/clock.ts";

/** How much a worker may say. */
export interface Allowance {
  /** What comes back each second. */
  readonly perSecond: number;
  /** What it can have saved up. */
  readonly saved: number;
}

/** Counts what a worker says, and throws when it is more than a worker of ours would ever say. */
export class MessageBudget {
  readonly #allowance: Allowance;
  readonly #clock: Clock;
  #left: number;
  #countedAt: number;

  /** With all that can be saved up. */
  constructor(allowance: Allowance, clock: Clock = systemClock) {
    this.#allowance = allowance;
    this.#clock = clock;
    this.#left = allowance.saved;
    this.#countedAt = clock.elapsed();
  }

  /** Counts a message. @throws {TypeError} when it is one too many */
  spend(cost: number): void {
    const { perSecond, saved } = this.#allowance;
    const now = this.#clock.elapsed();
    const earned = (now - this.#countedAt) / 1000 * perSecond;
    this.#countedAt = now;
    this.#left = Math.min(this.#left + earned, saved) - cost;
    if (this.#left < 0) throw new TypeError("expected fewer messages");
  }
}
