import { type Clock, systemClock } from "./clock.ts";

/** Milliseconds before what has ended is started again, doubled each time it ends again soon. */
const FIRST = 100;
const LONGEST = 30_000;
/** Milliseconds it must run for its next end to count as the first. */
const STABLE_AFTER = 10_000;

/** How long to wait before something that keeps ending is started again. */
export class RestartBackoff {
  readonly #clock: Clock;
  #startedAt = 0;
  #next = FIRST;

  /** Of something that has not ended yet. */
  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** It starts. */
  started(): void {
    this.#startedAt = this.#clock.elapsed();
  }

  /** It has ended. @returns milliseconds to wait before it is started again */
  ended(): number {
    if (this.#clock.elapsed() - this.#startedAt > STABLE_AFTER) this.#next = FIRST;
    const wait = this.#next;
    this.#next = Math.min(wait * 2, LONGEST);
    return wait;
  }
}
