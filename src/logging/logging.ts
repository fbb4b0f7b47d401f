import { configure, dispose, getLogfmtFormatter, getLogger, getStreamSink } from "@logtape/logtape";
import type { Logger, LogLevel } from "@logtape/logtape";
import type { Settings } from "../config/settings.ts";

/** Records held back while the reader of stdout stalls; past that they are dropped and counted. */
const BUFFERED_RECORDS = 10_000;
/** Milliseconds a record may wait for others to be written along with. */
const FLUSH_INTERVAL = 50;

/** The logger of the program itself. */
export const log: Logger = getLogger(["claude-proxy"]);

/** The logger of requests: one record each, at its end. */
export const accessLog: Logger = getLogger(["claude-proxy", "access"]);

/**
 * Sends log records to stdout, one logfmt line each. Writing happens in the background and is
 * bounded: a reader that stalls costs lines, never a request.
 *
 * @param settings the `[logging]` section
 * @param stdout where lines go
 * @returns a function that writes out what is buffered and ends logging
 */
export async function startLogging(
  settings: Settings["logging"],
  stdout: WritableStream<Uint8Array> = Deno.stdout.writable,
): Promise<() => Promise<void>> {
  const sink = getStreamSink(stdout, {
    formatter: getLogfmtFormatter(),
    closeStream: false,
    nonBlocking: {
      bufferSize: BUFFERED_RECORDS,
      flushInterval: FLUSH_INTERVAL,
      onDrop: ({ count }) => queueMicrotask(() => log.warn("log lines dropped", { count })),
    },
  });
  await configure({
    sinks: { stdout: sink },
    loggers: [
      { category: "claude-proxy", lowestLevel: logTapeLevel(settings.level), sinks: ["stdout"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["stdout"] },
    ],
  });
  return dispose;
}

function logTapeLevel(level: Settings["logging"]["level"]): LogLevel {
  return level === "warn" ? "warning" : level;
}
