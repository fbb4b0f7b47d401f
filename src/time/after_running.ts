import { type Clock, systemClock } from "./clock.ts";

/** Parts that a time is waited for in. */
const PARTS = 10;

/**
 * Calls back when this program has run for some milliseconds. It waits for the time in ten parts, and
 * each counts once, however late it ends: a process that was stopped, a machine that slept and a
 * thread that was busy add no more than one part. Whoever is waited for was stopped as well, or could
 * not be heard.
 *
 * @param milliseconds at most 2^31 - 1
 * @returns what cancels it
 */
export function afterRunning(
  milliseconds: number,
  callback: () => void,
  clock: Clock = systemClock,
): () => void {
  let left = PARTS;
  let cancel = () => {};
  const wait = () => {
    cancel = clock.after(milliseconds / PARTS, () => --left === 0 ? callback() : wait());
  };
  wait();
  return () => cancel();
}
