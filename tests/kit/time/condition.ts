import { DEFAULT_DEADLINE_MS, withDeadline } from "./deadline.ts";

/** State that changes by events, and tests that wait for it to reach some shape. */
export class Condition {
  #waiting = new Set<() => void>();

  /** Tells every waiter to look again. */
  notify(): void {
    for (const look of [...this.#waiting]) look();
  }

  /**
   * Resolves with the first value of `probe` that is not undefined, looking now and after every
   * {@linkcode notify}. What `probe` throws fails the wait at once.
   *
   * @throws {Deno.errors.TimedOut} When the deadline passes first.
   */
  async until<T>(
    probe: () => T | undefined,
    what: string | (() => string),
    deadlineMs: number = DEFAULT_DEADLINE_MS,
  ): Promise<T> {
    const found = Promise.withResolvers<T>();
    const look = () => {
      try {
        const value = probe();
        if (value !== undefined) found.resolve(value);
      } catch (error) {
        found.reject(error);
      }
    };
    this.#waiting.add(look);
    look();
    try {
      return await withDeadline(found.promise, deadlineMs, what);
    } finally {
      this.#waiting.delete(look);
    }
  }
}
