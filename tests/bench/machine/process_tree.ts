/** One line of `/proc/PID/stat`, as far as it is needed here. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
}

/**
 * Reads a line of `/proc/PID/stat`. The name of the program stands in parentheses and may hold
 * spaces and parentheses itself, so fields are counted from the last one.
 *
 * @throws {Error} when it is no such line
 * @see {@link https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html}
 */
export function parseStat(line: string): ProcessStat {
  const [, pid, parent] = /^(\d+) \(.*\) \S (\d+) /s.exec(line) ?? [];
  if (pid === undefined) throw new Error(`Expected a line of /proc/PID/stat, got "${line}"`);
  return { pid: Number(pid), parent: Number(parent) };
}

/** A process and all that descend from it, out of a list. */
export function descendants(root: number, processes: readonly ProcessStat[]): number[] {
  const children = processes.filter(({ parent }) => parent === root);
  return [root, ...children.flatMap(({ pid }) => descendants(pid, processes))];
}

/** A process and all that descend from it, as they are now. */
export function processTree(root: number): number[] {
  const pids = [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name));
  const processes = pids.map(({ name }) => readIfThere(`/proc/${name}/stat`)).filter(Boolean);
  return descendants(root, processes.map(parseStat));
}

/** The text of a file, or nothing where its process or thread has ended. */
export function readIfThere(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || isNoSuchProcess(error)) return "";
    throw error;
  }
}

/** ESRCH: the process ended between opening and reading. */
function isNoSuchProcess(error: unknown): boolean {
  return error instanceof Error && error.message.includes("os error 3)");
}
