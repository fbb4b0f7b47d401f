import { processTree, readIfThere } from "./process_tree.ts";

/** Nanoseconds on a processor so far, of each thread. */
export type CpuTimes = ReadonlyMap<string, number>;

/**
 * Processor time, user and system, of a process and all that descend from it.
 *
 * `/proc/PID/stat` counts ticks of 10 ms, too coarse for a second of one event stream; each thread's
 * `schedstat` has the same time in nanoseconds.
 *
 * @see {@link https://docs.kernel.org/scheduler/sched-stats.html}
 */
export function cpuTimes(root: number): CpuTimes {
  const threads = processTree(root).flatMap((pid) =>
    threadsOf(pid).map((thread) => `/proc/${pid}/task/${thread}/schedstat`)
  );
  return new Map(threads.map((path) => [path, parseSchedstat(readIfThere(path))]));
}

/**
 * Microseconds between two looks. A thread that ended in between counts up to the first look only;
 * the threads that serve requests live as long as their program.
 */
export function cpuMicroseconds(before: CpuTimes, after: CpuTimes): number {
  let nanoseconds = 0;
  for (const [path, time] of after) nanoseconds += time - (before.get(path) ?? 0);
  return nanoseconds / 1000;
}

/** The first field: nanoseconds on a processor; 0 of a thread that has ended. */
export function parseSchedstat(text: string): number {
  return Number(text.split(" ", 1)[0]);
}

function threadsOf(pid: number): string[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
