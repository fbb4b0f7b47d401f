import { kibibytes } from "./memory.ts";

/** What a run was made on. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly kernel: string;
  /** GiB. */
  readonly memory: number;
}

/** Processes that ran or wanted to, on average over the last minute. */
export function loadAverage(): number {
  return Number(Deno.readTextFileSync("/proc/loadavg").split(" ")[0]);
}

/** This machine, now. */
export function thisMachine(): Machine {
  const read = (path: string) => Deno.readTextFileSync(path);
  return {
    cores: navigator.hardwareConcurrency,
    cpu: /^model name\s*: (.*)$/m.exec(read("/proc/cpuinfo"))?.[1] ?? Deno.build.arch,
    kernel: read("/proc/sys/kernel/osrelease").trim(),
    memory: Math.round(kibibytes(read("/proc/meminfo"), "MemTotal") / 1024 / 1024),
  };
}
