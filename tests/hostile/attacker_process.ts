import { fileURLToPath } from "node:url";
import { Condition } from "../kit/time/condition.ts";
import { withDeadline } from "../kit/time/deadline.ts";
import { LineLog } from "../kit/process/line_log.ts";
import type { Attack, Progress, Victim } from "./attack.ts";

const ATTACKER = fileURLToPath(new URL("./attacker.ts", import.meta.url));

/** Attackers at work, in a process of their own. */
export class AttackerProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #changed = new Condition();
  readonly #stdout: LineLog;
  readonly #stderr: LineLog;
  #ended = false;

  /** Starts them. */
  constructor({ name, connections }: Attack, victim: Victim) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", ATTACKER, name, JSON.stringify(victim), String(connections)],
      stdin: "piped",
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

  /** What they have done so far. */
  get progress(): Progress {
    const line = this.#stdout.lines.at(-1);
    return line === undefined ? { opened: 0, open: 0, sent: 0 } : JSON.parse(line);
  }

  /** Waits until they have come far enough. */
  async until(enough: (progress: Progress) => boolean, deadlineMs = 30_000): Promise<void> {
    await this.#changed.until(
      () => {
        if (this.#ended) throw new Error(`The attackers ended early: ${this.#stderr.text}`);
        return enough(this.progress) || undefined;
      },
      () => `attackers, ${JSON.stringify(this.progress)}, ${this.#stderr.text}`,
      deadlineMs,
    );
  }

  /** Has them leave, and waits until they are gone. @throws {Error} when they failed. */
  async stop(): Promise<void> {
    if (!this.#ended) await this.#child.stdin.close().catch(() => {});
    const what = () => `the attackers to leave, ${JSON.stringify(this.progress)}`;
    const { success } = await withDeadline(this.#child.status, 20_000, what);
    await Promise.all([this.#stdout.done, this.#stderr.done]);
    if (!success) throw new Error(`The attackers failed: ${this.#stderr.text}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGKILL");
    await Promise.all([this.#child.status, this.#stdout.done, this.#stderr.done]);
  }
}
