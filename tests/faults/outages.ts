import type { UpstreamProcess } from "./upstream_process.ts";

/** A time in which the upstream may refuse connections, in milliseconds of `performance.now()`. */
interface Outage {
  readonly from: number;
  to: number;
}

/** Times in which the upstream refuses connections; they may overlap. */
export class Outages {
  readonly #upstream: UpstreamProcess;
  readonly #outages: Outage[] = [];
  #running = 0;

  constructor(upstream: UpstreamProcess) {
    this.#upstream = upstream;
  }

  /** Whether there was one between two moments of `performance.now()`. */
  between(from: number, to: number): boolean {
    return this.#outages.some((outage) => outage.from <= to && outage.to >= from);
  }

  /** Runs something while the upstream refuses, and some milliseconds longer. */
  async during<T>(ms: number, work: () => Promise<T>): Promise<T> {
    const outage = { from: performance.now(), to: Infinity };
    this.#outages.push(outage);
    if (this.#running++ === 0) await this.#upstream.refuse();
    try {
      const result = await work();
      await new Promise((resolve) => setTimeout(resolve, ms));
      return result;
    } finally {
      if (--this.#running === 0) await this.#upstream.accept();
      outage.to = performance.now();
    }
  }
}
