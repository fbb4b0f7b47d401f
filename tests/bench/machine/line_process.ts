import { onCores } from "./cores.ts";

/** A program of the benchmark's own that takes lines and gives lines. */
export class LineProcess implements AsyncDisposable {
  readonly pid: number;
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #input: WritableStreamDefaultWriter<string>;
  #text = "";

  /**
   * @param command its command line
   * @param cores as `taskset -c` takes them
   */
  constructor(command: readonly string[], cores: string | undefined) {
    const [program = "", ...args] = onCores(cores, command);
    this.#child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped" }).spawn();
    this.pid = this.#child.pid;
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const encode = new TextEncoderStream();
    void encode.readable.pipeTo(this.#child.stdin).catch(() => {}); // The end of it says enough.
    this.#input = encode.writable.getWriter();
  }

  /** Writes a line. */
  async say(line: string): Promise<void> {
    await this.#input.write(`${line}\n`);
  }

  /**
   * The next line.
   *
   * @throws {Error} when the program ends before it
   */
  async line(): Promise<string> {
    while (!this.#text.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error(`Expected another line, the program ended after "${this.#text}"`);
      this.#text += value;
    }
    const end = this.#text.indexOf("\n");
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return line;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // It has ended by itself.
    }
    await this.#lines.cancel();
    await this.#child.status;
  }
}

/** The command line of a module of the benchmark. */
export function denoCommand(module: string, args: readonly string[] = []): string[] {
  return [Deno.execPath(), "run", "-A", "--no-prompt", module, ...args];
}
