import { fileURLToPath } from "node:url";
import { denoCommand, LineProcess } from "../machine/line_process.ts";
import type { Command } from "./event_upstream_server.ts";

const SERVER = fileURLToPath(new URL("./event_upstream_server.ts", import.meta.url));

/** The upstream of event streams, a process of its own. */
export class EventUpstream implements AsyncDisposable {
  readonly #process: LineProcess;
  readonly port: number;

  private constructor(process: LineProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  /** @param cores as `taskset -c` takes them */
  static async start(cores: string | undefined): Promise<EventUpstream> {
    const process = new LineProcess(denoCommand(SERVER), cores);
    return new EventUpstream(process, Number(await process.line()));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Lets every open stream send so many events, one each `intervalMs`. */
  async flow(events: number, intervalMs: number): Promise<void> {
    await this.#tell({ kind: "flow", events, intervalMs });
  }

  /** Ends every open stream once its events are sent. */
  async end(): Promise<void> {
    await this.#tell({ kind: "end" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }

  async #tell(command: Command): Promise<void> {
    await this.#process.say(JSON.stringify(command));
  }
}
