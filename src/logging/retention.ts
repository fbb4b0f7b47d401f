import { join } from "node:path";
import { type Period, periodOf } from "./log_file_names.ts";

const DAY = 86_400_000;

/** How much of the past is kept. What is undefined sets no limit. */
export interface Retention {
  /** Files, the current one included. */
  readonly maxFiles: number | undefined;
  /** Days since the end of what a file holds. */
  readonly maxAgeDays: number | undefined;
}

/**
 * The files that are past their time. Only names that this prefix makes are considered, and never
 * the current file or one of the future.
 *
 * @param names the directory's entries
 * @param now milliseconds since the epoch
 */
export function expiredLogFiles(
  names: readonly string[],
  prefix: string,
  retention: Retention,
  now: number,
): string[] {
  const { maxFiles = Infinity, maxAgeDays = Infinity } = retention;
  const past: [name: string, period: Period][] = [];
  let kept = 0;
  for (const name of names) {
    const period = periodOf(prefix, name);
    if (period === undefined) continue;
    if (period.end > now) kept++;
    else past.push([name, period]);
  }
  past.sort(([, a], [, b]) => b.start - a.start);
  return past
    .filter(([, { end }], index) => kept + index >= maxFiles || now - end > maxAgeDays * DAY)
    .map(([name]) => name);
}

/** Deletes what {@linkcode expiredLogFiles} names. Another process may be at the same work. */
export async function deleteExpiredLogFiles(
  directory: string,
  prefix: string,
  retention: Retention,
  now: number,
): Promise<void> {
  if (retention.maxFiles === undefined && retention.maxAgeDays === undefined) return;
  const names: string[] = [];
  for await (const entry of Deno.readDir(directory)) if (entry.isFile) names.push(entry.name);
  for (const name of expiredLogFiles(names, prefix, retention, now)) {
    try {
      await Deno.remove(join(directory, name));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
