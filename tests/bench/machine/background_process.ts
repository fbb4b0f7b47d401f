import { onCores } from "./cores.ts";

/** How a process is started. */
export interface BackgroundOptions {
  readonly command: readonly string[];
  /** As `taskset -c` takes them. */
  readonly cores: string | undefined;
  /** Besides the environment of the benchmark. */
  readonly env?: Record<string, string>;
  /** @default {the repository} */
  readonly cwd?: string;
}

const REPOSITORY = new URL("../../../", import.meta.url);

/**
 * A program that runs until it is no longer needed. What it prints on standard output goes to
 * `/dev/null`, which is where its access log goes too; standard error is kept for complaints.
 */
export class BackgroundProcess implements AsyncDisposable {
  readonly pid: number;
  readonly #child: Deno.ChildProcess;
  readonly #complaints: Promise<string>;
  #ended = false;

  constructor({ command, cores, env = {}, cwd }: BackgroundOptions) {
    const [program = "", ...args] = onCores(cores, command);
    this.#child = new Deno.Command(program, {
      args,
      env,
      cwd: cwd ?? REPOSITORY,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    this.#complaints = lastText(this.#child.stderr);
    void this.#child.status.then(() => this.#ended = true);
  }

  /**
   * Polls until a look finds something.
   *
   * @param look `undefined` or false until then
   * @throws {Error} with the end of its standard error, when the process ends first or the deadline
   * passes
   */
  async until<T>(look: () => Promise<T | undefined>, deadlineMs: number): Promise<T> {
    const deadline = performance.now() + deadlineMs;
    while (!this.#ended && performance.now() < deadline) {
      const found = await look();
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
    }
    const why = this.#ended ? "it ended" : `it did not answer within ${deadlineMs / 1000} s`;
    await this[Symbol.asyncDispose]();
    throw new Error(`${why}: ${(await this.#complaints).trim().slice(-500)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    const timer = setTimeout(() => !this.#ended && this.#child.kill("SIGKILL"), TERM_TIMEOUT);
    await this.#child.status;
    clearTimeout(timer);
    await this.#complaints;
  }
}

/** Milliseconds. */
const POLL_INTERVAL = 2;
/** Milliseconds that a program gets to end by itself. */
const TERM_TIMEOUT = 2000;
/** Characters of standard error that are kept. */
const KEPT = 4000;

async function lastText(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    text = (text + part).slice(-KEPT);
  }
  return text;
}
