import { configure, dispose, getLogger } from "@logtape/logtape";
import type { Logger, Sink } from "@logtape/logtape";
import type { Settings } from "../config/schema/settings.ts";
import { LogOutput } from "./log_output.ts";

/** The logger of the program itself. */
export const log: Logger = getLogger(["claude-proxy"]);

/** The logger of requests: one record each, at its end. */
export const accessLog: Logger = getLogger(["claude-proxy", "access"]);

/**
 * Sends log records to stdout and, where the settings name a directory, to files. Writing happens in
 * the background and is bounded: a reader or a disk that stalls costs lines, never a request.
 *
 * @param settings the `[logging]` section
 * @returns what changes and ends it; its `close` writes out what is buffered
 */
export async function startLogging(settings: Settings["logging"]): Promise<LogOutput> {
  const output = new LogOutput(settings, {
    write: (bytes) => Deno.stdout.write(bytes),
    printError: errorPrinter(),
    onRecovery: (lost) => log.warn("log lines dropped", lost),
  });
  globalThis.addEventListener("unload", () => output.writeFilesSync());
  await configure({
    sinks: { output: immediateSink((record) => output.write(record)) },
    filters: { level: ({ level }) => output.accepts(level) },
    loggers: [
      { category: "claude-proxy", lowestLevel: "trace", sinks: ["output"], filters: ["level"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["output"] },
    ],
  });
  return output;
}

/** Ends logging: what is logged later goes nowhere. */
export async function stopLogging(output: LogOutput): Promise<void> {
  await dispose();
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

/** Tells LogTape that a sink keeps no record: it need not copy each one, as for `@logtape/file`. */
function immediateSink(sink: Sink): Sink {
  return Object.assign(sink, { [Symbol.for("LogTape.sinkSnapshotPolicy.immediate")]: true });
}
