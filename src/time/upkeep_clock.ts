/** Time as certificate upkeep sees it; handed in, so that a test can hold it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /**
   * Waits for some milliseconds, or until the signal aborts; it never rejects.
   *
   * @param milliseconds at most 2^31 - 1
   */
  delay(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** The real time. */
export const systemClock: Clock = {
  now: Date.now,
  delay(milliseconds, signal) {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (signal.aborted) return Promise.resolve();
    const timer = setTimeout(resolve, milliseconds);
    const cancel = () => (clearTimeout(timer), resolve());
    signal.addEventListener("abort", cancel, { once: true });
    return promise.finally(() => signal.removeEventListener("abort", cancel));
  },
};
