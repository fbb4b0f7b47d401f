import type { LogRecord } from "./logger.ts";

/** How a line is written. */
export type LineFormat = "text" | "json";

/** Makes a record a line, its end included. */
export type LineFormatter = (record: LogRecord) => string;

/** A value that logfmt takes without quotes. */
const BARE = /^[!#-<>-~]+$/;
/** What JSON leaves as it is and a terminal acts upon, or a reader takes for the end of a line. */
const UNPRINTABLE = /[\x7f-\x9f\u2028\u2029]/g;

/**
 * The formatter for a `logging.format`: [logfmt](https://brandur.org/logfmt), or one JSON object a
 * line. Both have the same keys: `time` (RFC 3339, UTC), `level`, `logger`, `msg`, then the record's
 * own, less those that are undefined.
 */
export function lineFormatter(format: LineFormat): LineFormatter {
  return format === "json" ? jsonLine : textLine;
}

function textLine(record: LogRecord): string {
  const { level, logger, message, fields } = record;
  let line = `time=${time(record)} level=${level} logger=${logger} msg=${logfmtValue(message)}`;
  for (const key in fields) {
    const value = fields[key];
    if (value !== undefined) line += ` ${key}=${logfmtValue(value)}`;
  }
  return line + "\n";
}

function jsonLine(record: LogRecord): string {
  const { level, logger, message, fields } = record;
  return json({ time: time(record), level, logger, msg: message, ...fields }) + "\n";
}

function time({ time }: LogRecord): string {
  return new Date(time).toISOString();
}

function logfmtValue(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : json(value) ?? String(value);
  return BARE.test(text) ? text : json(text);
}

function json(value: unknown): string {
  return JSON.stringify(value)?.replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
