import { fileURLToPath } from "node:url";
import { denoCommand, LineProcess } from "../machine/line_process.ts";
import type { Ended, Flowed, Opened, StreamOrder } from "./stream_load_client.ts";

const CLIENT = fileURLToPath(new URL("./stream_load_client.ts", import.meta.url));

/** Clients of event streams in a process of their own; each step is awaited in turn. */
export class StreamLoad implements AsyncDisposable {
  readonly #process: LineProcess;

  /** @param cores as `taskset -c` takes them */
  constructor(order: StreamOrder, cores: string | undefined) {
    this.#process = new LineProcess(denoCommand(CLIENT, [JSON.stringify(order)]), cores);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Every stream has begun. */
  opened(): Promise<Opened> {
    return this.#report();
  }

  /** Every event has come, or too much time has passed. */
  flowed(): Promise<Flowed> {
    return this.#report();
  }

  /** Every stream has ended. */
  ended(): Promise<Ended> {
    return this.#report();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }

  async #report<T>(): Promise<T> {
    const report = JSON.parse(await this.#process.line());
    if (report.error !== undefined) throw new Error(report.error);
    return report;
  }
}
