import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Condition } from "../time/condition.ts";
import { LineLog } from "./line_log.ts";

/** How the program is started. `null` leaves a flag out. */
export interface ProxyOptions {
  upstreamUrl?: string;
  /** @default {"client-key-0123456789"}, or none where there is a `configFile` */
  clientKey?: string | null;
  /** @default {"upstream-key-0123456789"}, or none where there is a `configFile` */
  upstreamKey?: string | null;
  /** @default {0}, the system picks one; `null` where a file or a variable names it */
  port?: number | null;
  /** @default {"127.0.0.1"} */
  bindAddress?: string | null;
  /** Passed as `--config`, path relative to `cwd`. */
  configFile?: string;
  /** More arguments, after all others. */
  args?: string[];
  /** The whole environment but for `PATH`, `DENO_DIR` and a `HOME` that does not exist. */
  env?: Record<string, string>;
  /** Deno's configuration file. @default {the repository's} */
  denoConfig?: string;
  /** Another program than the repository's under Deno, with its arguments; settings follow them. */
  command?: readonly string[];
  /** Most files the process may have open, as `ulimit -n` sets it. @default {this process's} */
  maxOpenFiles?: number;
  /** Largest file the process may write in KiB, as `ulimit -f` sets it; above it writing fails. */
  maxFileKib?: number;
  /** Flags for V8, separated by commas. @default {none} */
  v8Flags?: string;
  /** @default {["--allow-net", "--allow-read"]} */
  permissions?: string[];
  /** Run by `deno serve`, which takes all settings from `env`. @default {false} */
  served?: boolean;
  /** The program, relative to the repository. @default {"main.ts"} */
  entry?: string;
  /** @default {a directory of the repository without a `config.toml`} */
  cwd?: string;
  /** Milliseconds until the ready line. @default {20_000} */
  deadlineMs?: number;
}

/** The client key a proxy has where the test names none. */
export const CLIENT_KEY = "client-key-0123456789";
/** The upstream key a proxy has where the test names none. */
export const UPSTREAM_KEY = "upstream-key-0123456789";

const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));
const KIT = fileURLToPath(new URL("../", import.meta.url));
const READY_LINE = /listening on (https?):\/\/([^ "]+):(\d+)/;

/**
 * The real program as a process of its own, with an environment and a home that hold nothing of
 * the developer's.
 *
 * @example
 * ```ts
 * await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
 * const response = await request({ port: proxy.port });
 * ```
 */
export class ProxyProcess {
  readonly pid: number;
  #child: Deno.ChildProcess;
  #changed = new Condition();
  #stdout: LineLog;
  #stderr: LineLog;
  #ended: Promise<void>;
  #status: Deno.CommandStatus | undefined;
  #address = { scheme: "http", hostname: "127.0.0.1", port: 0 };

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.pid = child.pid;
    this.#stdout = new LineLog(child.stdout, () => this.#changed.notify());
    this.#stderr = new LineLog(child.stderr, () => this.#changed.notify());
    this.#ended = this.#watch();
  }

  /**
   * Starts the program and waits for its line "listening on URL".
   *
   * @throws {Error} When it exits first, with all it printed.
   * @throws {Deno.errors.TimedOut} When the line does not come within the deadline.
   */
  static async start(options: ProxyOptions = {}): Promise<ProxyProcess> {
    const proxy = await ProxyProcess.spawn(options);
    try {
      await proxy.#becomeReady(options.deadlineMs ?? 20_000);
      return proxy;
    } catch (error) {
      await proxy[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts the program without waiting for anything, for runs that are to fail or to print. */
  static async spawn(options: ProxyOptions = {}): Promise<ProxyProcess> {
    const [program = "", ...args] = limited(commandLine(options), options);
    const command = new Deno.Command(program, {
      args,
      cwd: options.cwd ?? KIT,
      clearEnv: true,
      env: { ...await baseEnvironment(), ...options.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    return new ProxyProcess(command.spawn());
  }

  /** The port the ready line names. */
  get port(): number {
    return this.#address.port;
  }

  /** The URL the ready line names, without a slash at its end. */
  get url(): string {
    const { scheme, hostname, port } = this.#address;
    return `${scheme}://${hostname}:${port}`;
  }

  /** Lines of standard output so far. */
  get stdout(): readonly string[] {
    return this.#stdout.lines;
  }

  /** Lines of standard error so far. */
  get stderr(): readonly string[] {
    return this.#stderr.lines;
  }

  /** Waits for a line, past or coming, on either output, and returns the match. */
  waitForLine(pattern: RegExp, deadlineMs?: number): Promise<RegExpExecArray> {
    return this.#waitFor(pattern, () => [...this.stdout, ...this.stderr], deadlineMs);
  }

  /** Waits until a look at the lines of standard output finds something. */
  waitForStdout<T>(look: (lines: readonly string[]) => T | undefined): Promise<T> {
    return this.#changed.until(() => look(this.stdout), () => `output, ${this.#printed()}`);
  }

  /** Stops reading standard output, so that the pipe fills up; `resumeStdout` ends that. */
  stallStdout(): void {
    this.#stdout.stall();
  }

  /** Reads standard output again. */
  resumeStdout(): void {
    this.#stdout.resume();
  }

  /** Sends a signal. */
  signal(name: Deno.Signal): void {
    this.#child.kill(name);
  }

  /** Waits until the program has exited and all its output is read; 128 + N after signal N. */
  exit(deadlineMs?: number): Promise<number> {
    const what = () => `the program to exit, ${this.#printed()}`;
    return this.#changed.until(() => this.#status?.code, what, deadlineMs);
  }

  /** Resident memory in bytes (Linux). */
  rssBytes(): number {
    const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
    const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
    if (kibibytes === undefined) throw new Error(`Cannot read VmRSS of process ${this.pid}`);
    return Number(kibibytes) * 1024;
  }

  /** Open file descriptors (Linux). */
  fdCount(): number {
    return [...Deno.readDirSync(`/proc/${this.pid}/fd`)].length;
  }

  /** Kills the program, if it still runs, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#status === undefined) this.#kill();
    this.resumeStdout();
    await this.#ended;
  }

  async #becomeReady(deadlineMs: number): Promise<void> {
    const ready = await this.#waitFor(READY_LINE, () => this.stdout, deadlineMs);
    const [, scheme = "", hostname = "", port] = ready;
    this.#address = { scheme, hostname, port: Number(port) };
  }

  #waitFor(
    pattern: RegExp,
    lines: () => readonly string[],
    deadlineMs?: number,
  ): Promise<RegExpExecArray> {
    const what = () => `a line like ${pattern}, ${this.#printed()}`;
    return this.#changed.until(
      () => {
        const match = lines().map((line) => line.match(pattern)).find((found) => found !== null);
        if (match || !this.#status) return match as RegExpExecArray | undefined;
        throw new Error(
          `Expected a line like ${pattern}, the program exited with code ${this.#status.code}, ${this.#printed()}`,
        );
      },
      what,
      deadlineMs,
    );
  }

  async #watch(): Promise<void> {
    const [status] = await Promise.all([
      this.#child.status,
      this.#stdout.done,
      this.#stderr.done,
    ]);
    this.#status = status;
    this.#changed.notify();
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // It has ended by itself.
    }
  }

  #printed(): string {
    return `printed so far:\n--- stdout\n${this.#stdout.text}\n--- stderr\n${this.#stderr.text}\n---`;
  }
}

function commandLine(options: ProxyOptions): string[] {
  const { command = [Deno.execPath(), ...denoArgs(options)], args = [] } = options;
  return options.served ? [...command] : [...command, ...programArgs(options), ...args];
}

function limited(command: string[], { maxOpenFiles, maxFileKib }: ProxyOptions): string[] {
  const limits = [
    ...(maxOpenFiles === undefined ? [] : [`ulimit -n ${maxOpenFiles}`]),
    // Else the signal would end the process, where a full disk makes writing fail.
    ...(maxFileKib === undefined ? [] : ["trap '' XFSZ", `ulimit -f ${maxFileKib}`]),
  ];
  if (limits.length === 0) return command;
  return ["bash", "-c", [...limits, 'exec "$0" "$@"'].join(" && "), ...command];
}

function denoArgs(options: ProxyOptions): string[] {
  const { permissions = ["--allow-net", "--allow-read"], entry = "main.ts" } = options;
  const { denoConfig = resolve(REPOSITORY, "deno.json") } = options;
  return [
    ...(options.served ? ["serve", "--host", "127.0.0.1", "--port", "0"] : ["run"]),
    ...["--no-prompt", "--cached-only", "--config", denoConfig],
    ...(options.v8Flags === undefined ? [] : [`--v8-flags=${options.v8Flags}`]),
    ...permissions,
    resolve(REPOSITORY, entry),
  ];
}

function programArgs(options: ProxyOptions): string[] {
  const inFile = options.configFile !== undefined;
  const { clientKey = inFile ? null : CLIENT_KEY } = options;
  const { upstreamKey = inFile ? null : UPSTREAM_KEY } = options;
  const { port = 0, bindAddress = "127.0.0.1" } = options;
  return [
    ...flag("--config", options.configFile),
    ...flag("--bind-address", bindAddress),
    ...flag("--port", port),
    ...flag("--upstream-url", options.upstreamUrl),
    ...flag("--client-api-key", clientKey),
    ...flag("--upstream-auth-type", upstreamKey === null ? null : "api_key"),
    ...flag("--upstream-api-key", upstreamKey),
  ];
}

function flag(name: string, value: string | number | null | undefined): string[] {
  return value === null || value === undefined ? [] : [name, String(value)];
}

let denoDir: Promise<string> | undefined;

/** The npm cache is found by `DENO_DIR` alone, so `HOME` need not be the developer's. */
async function baseEnvironment(): Promise<Record<string, string>> {
  denoDir ??= askDenoDir();
  return {
    PATH: Deno.env.get("PATH") ?? "",
    HOME: "/nonexistent",
    DENO_DIR: await denoDir,
    NO_COLOR: "1",
    DENO_NO_UPDATE_CHECK: "1",
  };
}

async function askDenoDir(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}
