/**
 * Begins something so many times, evenly spread, whether or not what was begun before has ended.
 *
 * @param rate Beginnings a second.
 * @returns What they came to, once all have ended, in order.
 */
export async function atRate<T>(
  rate: number,
  count: number,
  begin: () => Promise<T>,
): Promise<T[]> {
  const running: Promise<T>[] = [];
  const began = performance.now();
  for (let number = 0; number < count; number++) {
    const due = began + number * 1000 / rate;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    running.push(begin());
  }
  return await Promise.all(running);
}
