/** Asks for a figure again and again until it is as expected or the deadline has passed. */
export async function settled(
  figure: () => number,
  isExpected: (value: number) => boolean,
  deadlineMs: number,
): Promise<number> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const value = figure();
    if (isExpected(value) || performance.now() > until) return value;
    await new Promise((later) => setTimeout(later, 100));
  }
}

/** Asks for a figure again and again until it has been the same for a second, and returns it. */
export async function steady(figure: () => number): Promise<number> {
  let value = figure();
  for (let since = performance.now(); performance.now() - since < 1000;) {
    await new Promise((later) => setTimeout(later, 100));
    const now = figure();
    if (now !== value) since = performance.now();
    value = now;
  }
  return value;
}
