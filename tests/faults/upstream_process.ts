import { fileURLToPath } from "node:url";
import { Condition } from "../kit/time/condition.ts";
import { LineLog } from "../kit/process/line_log.ts";

/** What the upstream can be told to do. */
export type Order = "refuse" | "accept" | "report" | "hang up";

/** What the upstream saw of one request. */
export interface Arrived {
  /** How often its head came in. */
  times: number;
  /** Whether it came on a connection that the upstream had already ended. */
  late: boolean;
  /** Whether the upstream did all it had planned. */
  answered: boolean;
}

/** What the upstream saw. */
export interface UpstreamReport {
  /** By the plans' ids. */
  readonly requests: readonly [id: number, arrived: Arrived][];
  /** What was wrong with requests or on the wire. */
  readonly violations: readonly string[];
  /** Connections accepted. */
  readonly connections: number;
}

const PROGRAM = fileURLToPath(new URL("./upstream.ts", import.meta.url));
const ORDER_DEADLINE_MS = 60_000;

/** `upstream.ts` as a process of its own. */
export class UpstreamProcess implements AsyncDisposable {
  readonly port: number;
  readonly #child: Deno.ChildProcess;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #output: LineLog;
  readonly #changed: Condition;
  /** Lines of output that were answers to somebody. */
  #taken = 1;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    child: Deno.ChildProcess,
    output: LineLog,
    changed: Condition,
    port: number,
  ) {
    this.#child = child;
    this.#orders = child.stdin.getWriter();
    this.#output = output;
    this.#changed = changed;
    this.port = port;
  }

  /** Starts it and waits until it listens. */
  static async start(): Promise<UpstreamProcess> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--cached-only", "-A", PROGRAM],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const changed = new Condition();
    const output = new LineLog(child.stdout, () => changed.notify());
    const line = await changed.until(() => output.lines[0], "the upstream's port");
    return new UpstreamProcess(child, output, changed, Number(line));
  }

  /** Where it listens. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Has connections refused, and ends idle ones. */
  async refuse(): Promise<void> {
    await this.#order("refuse");
  }

  /** Ends {@linkcode refuse}. */
  async accept(): Promise<void> {
    await this.#order("accept");
  }

  /** Ends every connection. */
  async hangUp(): Promise<void> {
    await this.#order("hang up");
  }

  /** What it saw so far. */
  async report(): Promise<UpstreamReport> {
    return await this.#order("report") as UpstreamReport;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await Promise.all([this.#child.status, this.#output.done]);
    await this.#orders.abort().catch(() => {}); // The pipe has ended with its reader.
  }

  /** One order after the other: answers have no other name than their place. */
  #order(order: Order): Promise<unknown> {
    const answer = this.#last.then(async () => {
      await this.#orders.write(new TextEncoder().encode(`${order}\n`));
      const place = this.#taken++;
      const what = `the upstream to obey "${order}"`;
      return JSON.parse(
        await this.#changed.until(() => this.#output.lines[place], what, ORDER_DEADLINE_MS),
      );
    });
    this.#last = answer.catch(() => {}); // Its own caller has the error.
    return answer;
  }
}
