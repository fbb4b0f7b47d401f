import { getLogfmtFormatter, type LogRecord } from "@logtape/logtape";

/** How a line is written. */
export type LineFormat = "text" | "json";

/** Makes a record a line, its end included. */
export type LineFormatter = (record: LogRecord) => string;

/**
 * The formatter for a `logging.format`: logfmt, or one JSON object a line. Both have the same keys:
 * `time` (RFC 3339, UTC), `level`, `logger`, `msg`, then the record's own.
 */
export function lineFormatter(format: LineFormat): LineFormatter {
  return format === "json" ? jsonLine : getLogfmtFormatter();
}

function jsonLine(record: LogRecord): string {
  return JSON.stringify({
    time: new Date(record.timestamp).toISOString(),
    level: record.level,
    logger: record.category.join("."),
    msg: record.message.join(""),
    ...record.properties,
  }) + "\n";
}
