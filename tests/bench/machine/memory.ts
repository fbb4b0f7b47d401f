import { processTree, readIfThere } from "./process_tree.ts";

/**
 * Memory of a process and all that descend from it, in bytes: proportional set size, so that pages
 * shared by several processes count once.
 *
 * @see {@link https://man7.org/linux/man-pages/man5/proc_pid_smaps_rollup.5.html}
 */
export function memoryBytes(root: number): number {
  return sum(root, (pid) => kibibytes(readIfThere(`/proc/${pid}/smaps_rollup`), "Pss"));
}

/** The most resident memory, in bytes, since the start or {@linkcode resetPeak}. */
export function peakBytes(root: number): number {
  return sum(root, (pid) => kibibytes(readIfThere(`/proc/${pid}/status`), "VmHWM"));
}

/** Lets {@linkcode peakBytes} start again from the memory in use now. */
export function resetPeak(root: number): void {
  for (const pid of processTree(root)) Deno.writeTextFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** The value of a line such as `Pss:    1234 kB`; 0 where there is none. */
export function kibibytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? 0);
}

function sum(root: number, kibibytesOf: (pid: number) => number): number {
  return processTree(root).reduce((total, pid) => total + kibibytesOf(pid), 0) * 1024;
}
