/** How long a wait of the kit lasts where the test names no deadline, in milliseconds. */
export const DEFAULT_DEADLINE_MS = 10_000;

const LATE = Symbol("late");

/**
 * Waits for a promise, but no longer than `ms`. The work behind the promise is not cancelled.
 *
 * @param ms Milliseconds; `Infinity` waits for ever.
 * @param what What is awaited, for the error; a function is called only when the deadline passes,
 * so that it can tell what was received so far.
 * @throws {Deno.errors.TimedOut} When the deadline passes first.
 * @example
 * ```ts
 * const [line] = await withDeadline(lines, 1_000, () => `a line, received ${count} bytes`);
 * ```
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  ms: number,
  what: string | (() => string),
): Promise<T> {
  if (ms === Infinity) return await promise;
  const late = Promise.withResolvers<typeof LATE>();
  const timer = setTimeout(() => late.resolve(LATE), ms);
  try {
    const first = await Promise.race([promise, late.promise]);
    if (first !== LATE) return first;
  } finally {
    clearTimeout(timer);
  }
  // Thrown here, not in the timer, so that the stack names the test that waited.
  throw new Deno.errors.TimedOut(
    `Waited ${Math.max(0, Math.round(ms))} ms for ${typeof what === "string" ? what : what()}`,
  );
}
