import type { ProxyProcess } from "../kit/process/proxy_process.ts";

/** Makes Deno print a line for each garbage collection, which {@linkcode V8Heap} reads. */
export const TRACE_GC = { DENO_V8_FLAGS: "--trace-gc" };

/** "[7164:0x7fabac060000]    12968 ms: Mark-Compact 10.0 (17.8) -> 7.2 (17.2) MB, …" */
const FULL_COLLECTION = /^\[\d+:(0x[0-9a-f]+)\] .* Mark-Compact .* -> ([\d.]+) \(/;

/** What is alive in the V8 heaps of a process that was started with {@linkcode TRACE_GC}. */
export class V8Heap {
  readonly #proxy: ProxyProcess;
  /** MiB that outlived the last full collection, by isolate: supervisor and workers. */
  readonly #alive = new Map<string, number>();
  #read = 0;

  constructor(proxy: ProxyProcess) {
    this.#proxy = proxy;
  }

  /** KiB over all isolates, each as of its last full collection; 0 before there was one. */
  aliveKib(): number {
    for (const line of this.#proxy.stdout.slice(this.#read)) {
      const [, isolate, mebibytes] = FULL_COLLECTION.exec(line) ?? [];
      if (isolate !== undefined) this.#alive.set(isolate, Number(mebibytes));
    }
    this.#read = this.#proxy.stdout.length;
    return Math.round(this.#alive.values().reduce((sum, alive) => sum + alive, 0) * 1024);
  }
}
