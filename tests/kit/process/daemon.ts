import { Condition } from "../time/condition.ts";
import { LineLog } from "./line_log.ts";

/** How a program is started that runs until the test ends. */
export interface DaemonOptions {
  program: string;
  args: string[];
  /** What it prints once it serves. */
  ready: RegExp;
}

/** A real program as the proxy's counterpart. */
export class Daemon implements AsyncDisposable {
  #child: Deno.ChildProcess;
  #changed = new Condition();
  #stdout: LineLog;
  #stderr: LineLog;
  #ended = false;

  private constructor({ program, args }: DaemonOptions) {
    this.#child = new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdout = new LineLog(this.#child.stdout, () => this.#changed.notify());
    this.#stderr = new LineLog(this.#child.stderr, () => this.#changed.notify());
    void this.#child.status.then(() => {
      this.#ended = true;
      this.#changed.notify();
    });
  }

  /** Its process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Starts it, and waits for the line that says it serves. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const daemon = new Daemon(options);
    try {
      await daemon.waitForLine(options.ready);
      return daemon;
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Waits for a line, past or coming, on either output. */
  waitForLine(pattern: RegExp): Promise<string> {
    return this.#changed.until(
      () => {
        const line = [...this.#stdout.lines, ...this.#stderr.lines].find((one) =>
          pattern.test(one)
        );
        if (line !== undefined || !this.#ended) return line;
        throw new Error(`Expected a line like ${pattern}, the program ended: ${this.#printed()}`);
      },
      () => `a line like ${pattern}, ${this.#printed()}`,
    );
  }

  /** Ends it, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    await Promise.all([this.#child.status, this.#stdout.done, this.#stderr.done]);
  }

  #printed(): string {
    return `printed so far:\n${this.#stdout.text}\n${this.#stderr.text}`;
  }
}
