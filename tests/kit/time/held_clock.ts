import type { Clock } from "../../../src/time/upkeep_clock.ts";
import { Condition } from "./condition.ts";

/** A clock that stands still until a test moves it. */
export class HeldClock implements Clock {
  /** Every wait asked for, in milliseconds, in order. */
  readonly waits: number[] = [];
  #now: number;
  #pending: { until: number; resolve: () => void }[] = [];
  readonly #changed = new Condition();

  /** @param now Milliseconds since 1970. */
  constructor(now: number = Date.now()) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  delay(milliseconds: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.waits.push(milliseconds);
    const wait = { until: this.#now + milliseconds, resolve };
    this.#pending.push(wait);
    signal.addEventListener("abort", () => this.#end(wait), { once: true });
    if (signal.aborted) this.#end(wait);
    this.#changed.notify();
    return promise;
  }

  /** Waits until someone waits, and returns for how many milliseconds. */
  async idle(): Promise<number> {
    const wait = await this.#changed.until(() => this.#pending[0], "someone to wait for the clock");
    return wait.until - this.#now;
  }

  /** Waits until someone waits, then moves the time and ends the waits that are over. */
  async advance(milliseconds: number): Promise<void> {
    await this.idle();
    this.#now += milliseconds;
    for (const wait of [...this.#pending]) if (wait.until <= this.#now) this.#end(wait);
  }

  #end(wait: { resolve: () => void }): void {
    this.#pending = this.#pending.filter((other) => other !== wait);
    wait.resolve();
  }
}
