/** Time, handed in so that tests can hold it. */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. It may jump, and stands for what is real. */
  now(): number;
  /** Milliseconds on a clock that never jumps. It may stand still while the machine sleeps. */
  elapsed(): number;
  /**
   * Calls back after some milliseconds of that second clock.
   *
   * @param milliseconds at most 2^31 - 1
   * @returns what cancels it
   */
  after(milliseconds: number, callback: () => void): () => void;
}

/** The machine's clocks. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/**
 * Waits for some milliseconds, or until the signal aborts; it never rejects.
 *
 * @param milliseconds at most 2^31 - 1
 */
export async function delay(
  clock: Clock,
  milliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const cancel = clock.after(milliseconds, end);
  signal.addEventListener("abort", end);
  await over;
  cancel();
  signal.removeEventListener("abort", end);
}
