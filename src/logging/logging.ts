import { LEVELS } from "../config/schema/logging.ts";
import type { LoggingSettings } from "../config/schema/settings.ts";
import { within } from "../time/within.ts";
import { FileSink } from "./file_sink.ts";
import { type LineFormatter, lineFormatter } from "./line_format.ts";
import { LineQueue, TroubleReport } from "./line_queue.ts";
import { log, type LogLevel, type LogRecord, sendRecordsTo } from "./logger.ts";
import { secretScrubber } from "./redaction.ts";

/** Milliseconds that a stalled reader or disk gets at the end. */
const LAST_WRITE = 2000;

/** Tokens that are taken out of lines: the one in use, and those that running requests began with. */
const TOKENS_HIDDEN = 3;

/** Where lines go between the start of logging and its end. */
let running: LogOutput | undefined;

/**
 * Sends log records to stdout and, where the settings name a directory, to files. Writing happens in
 * the background and is bounded: a reader or a disk that stalls costs lines, never a request.
 *
 * @param settings the `[logging]` section
 * @returns what changes it
 */
export function startLogging(settings: LoggingSettings): LogOutput {
  const output = new LogOutput(settings, {
    write: (bytes) => Deno.stdout.write(bytes),
    printError: errorPrinter(),
    onRecovery: (lost) => log.warn("log lines dropped", lost),
  });
  globalThis.addEventListener("unload", () => output.writeFilesSync());
  sendRecordsTo((record) => output.write(record));
  return running = output;
}

/**
 * Ends logging, where it has begun, and writes out what is buffered: the last thing a program does.
 * What is logged later goes nowhere.
 */
export async function stopLogging(): Promise<void> {
  const output = running;
  if (output === undefined) return;
  running = undefined;
  sendRecordsTo(undefined);
  await output.close();
}

/** Prints to standard error, one line at a time; while a reader stalls, further lines are left out. */
function errorPrinter(): (line: string) => Promise<void> {
  let printing: Promise<void> | undefined;
  return (line) =>
    printing ??= Deno.stderr.write(new TextEncoder().encode(`${line}\n`))
      .then(() => {}, () => {})
      .finally(() => (printing = undefined));
}

/** Where lines go, and who hears of trouble. */
export interface LogOutputOptions {
  /** Writes to standard output. */
  readonly write: (bytes: Uint8Array) => Promise<number>;
  /** Prints a line to standard error; nobody waits for it, but at the end. */
  readonly printError: (line: string) => Promise<void>;
  /** Lines were dropped, and are written again. */
  readonly onRecovery: (lost: { where: string; count: number }) => void;
  /** Milliseconds on a clock that never jumps. @default {performance.now} */
  readonly elapsed?: () => number;
}

/** Log records become lines on standard output and in files, as the settings of the moment say. */
export class LogOutput {
  readonly #options: LogOutputOptions;
  readonly #stdout: LineQueue;
  readonly #stdoutTrouble: TroubleReport;
  readonly #fileTroubles: TroubleReport[] = [];
  readonly #retiring = new Set<Promise<void>>();
  #files: FileSink | undefined;
  #printing: Promise<void> = Promise.resolve();
  #format: LineFormatter = lineFormatter("text");
  #level: LogLevel = "info";
  readonly #secrets = new Set<string>();
  #tokens: readonly string[] = [];
  #scrub: (line: string) => string = (line) => line;

  constructor(settings: LoggingSettings, options: LogOutputOptions) {
    this.#options = options;
    this.#stdoutTrouble = this.#troubleReport("standard output");
    this.#stdout = new LineQueue({
      write: (lines) => writeAll(options.write, lines.map(({ text }) => text).join("")),
      onDrop: () => this.#stdoutTrouble.dropped(),
      onFailure: (error) => this.#stdoutTrouble.failed(error),
      onRecovery: () => this.#stdoutTrouble.recovered(),
    });
    this.configure(settings);
  }

  /** Lines lost so far, by where they should have gone. */
  get droppedLines(): { readonly stdout: number; readonly files: number } {
    const files = this.#fileTroubles.reduce((sum, { droppedLines }) => sum + droppedLines, 0);
    return { stdout: this.#stdoutTrouble.droppedLines, files };
  }

  /** Applies settings; lines accepted before still go where the old ones say. */
  configure(settings: LoggingSettings): void {
    this.#format = lineFormatter(settings.format);
    this.#level = settings.level;
    const retired = this.#files;
    this.#files = this.#openFiles(settings);
    if (retired === undefined) return;
    const closing = retired.close(LAST_WRITE).finally(() => this.#retiring.delete(closing));
    this.#retiring.add(closing);
  }

  /** Takes these, too, out of every line from now on, see {@linkcode secretScrubber}. */
  hideSecrets(secrets: readonly string[]): void {
    for (const secret of secrets) this.#secrets.add(secret);
    this.#scrub = secretScrubber([...this.#secrets, ...this.#tokens]);
  }

  /** {@linkcode hideSecrets} for a secret of many to come: the latest few are remembered. */
  hideToken(token: string): void {
    this.#tokens = [...this.#tokens, token].slice(-TOKENS_HIDDEN);
    this.hideSecrets([]);
  }

  /** A text without the secrets that lines are written without. */
  scrubbed(text: string): string {
    return this.#scrub(text);
  }

  /** Writes a record, in the background, if its level is severe enough. */
  write(record: LogRecord): void {
    if (LEVELS.indexOf(record.level) < LEVELS.indexOf(this.#level)) return;
    const line = { timestamp: record.time, text: this.#scrub(this.#format(record)) };
    this.#stdout.push(line);
    this.#files?.push(line);
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    await Promise.all([
      this.#stdout.close(LAST_WRITE),
      this.#files?.close(LAST_WRITE),
      ...this.#retiring,
    ]);
    this.#files = undefined;
    await within(LAST_WRITE, this.#printing);
  }

  /** Writes to the files what is left, for a process that ends without a last turn. */
  writeFilesSync(): void {
    this.#files?.writeSync();
  }

  #openFiles(settings: LoggingSettings): FileSink | undefined {
    const { log_path: directory, log_prefix: prefix, rotation } = settings;
    if (directory === undefined) return undefined;
    const trouble = this.#troubleReport(`log files in ${directory} (logging.log_path)`);
    this.#fileTroubles.push(trouble);
    const { max_size: maxSize, max_files: maxFiles, max_age_days: maxAgeDays } = settings;
    return new FileSink({ directory, prefix, rotation, maxSize, maxFiles, maxAgeDays, trouble });
  }

  #troubleReport(subject: string): TroubleReport {
    return new TroubleReport({
      subject,
      print: (line) => void (this.#printing = this.#options.printError(line)),
      elapsed: this.#options.elapsed ?? (() => performance.now()),
      onRecovery: (count) => {
        if (count > 0) this.#options.onRecovery({ where: subject, count });
      },
    });
  }
}

async function writeAll(write: LogOutputOptions["write"], text: string): Promise<void> {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(await write(bytes));
}
