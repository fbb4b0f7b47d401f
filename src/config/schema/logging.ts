import type { Kind } from "./kinds/kind.ts";
import { fileNamePart, integer, oneOf, text } from "./kinds/scalar.ts";
import type { Section } from "./setting.ts";

/** Levels of lines, the least severe first. */
export const LEVELS = ["trace", "debug", "info", "warn", "error"] as const;

/** `warning` means `warn`, which is how lines spell it. */
function logLevel(): Kind<(typeof LEVELS)[number]> {
  const level = oneOf(LEVELS);
  return { ...level, check: (value) => level.check(value === "warning" ? "warn" : value) };
}

/** What is logged, and where. */
export const logging = {
  name: "logging",
  title: "Logging",
  onReload: "change",
  settings: [
    {
      key: "log_path",
      flag: "--log-path <PATH>",
      kind: text("expected the path of a directory"),
      absent: "stdout only",
      doc: "Directory for log files, made if it is missing. Lines go to stdout all the same.",
      example: "/var/log/claude-proxy",
    },
    {
      key: "rotation",
      flag: "--log-rotation <ROTATION>",
      kind: oneOf(["hourly", "daily"]),
      default: "daily",
      doc: "When a new log file begins, in UTC.",
      example: "daily",
    },
    {
      key: "level",
      flag: "--log-level <LEVEL>",
      kind: logLevel(),
      default: "info",
      doc: "Least severe level that is logged. debug shows headers, their credentials redacted.",
      example: "info",
      shorthand: {
        flag: "-v, --verbose",
        value: "debug",
        doc: "Short for --log-level debug; an explicit --log-level wins.",
      },
    },
    {
      key: "log_prefix",
      flag: "--log-prefix <PREFIX>",
      kind: fileNamePart(),
      default: "claude-proxy",
      doc: "Beginning of the log files' names.",
      example: "claude-proxy",
    },
    {
      key: "format",
      flag: "--log-format <FORMAT>",
      kind: oneOf(["text", "json"]),
      default: "text",
      doc: "How lines are written: text is logfmt, json one object a line with the same keys.",
      example: "text",
    },
    {
      key: "max_size",
      flag: "--log-max-size <BYTES>",
      kind: integer({ min: 1_048_576 }),
      absent: "no limit",
      doc: "Largest log file in bytes. One that would grow past it is followed by another of the " +
        "same period, PREFIX.YYYY-MM-DD.1.log and so on; with max_files the disk is bounded.",
      example: 104857600,
    },
    {
      key: "max_files",
      flag: "--log-max-files <N>",
      kind: integer({ min: 1 }),
      absent: "no limit",
      doc: "Log files to keep, the current one included. Older ones of this prefix are deleted.",
      example: 14,
    },
    {
      key: "max_age_days",
      flag: "--log-max-age-days <N>",
      kind: integer({ min: 1 }),
      absent: "no limit",
      doc:
        "Days to keep a log file after its period has ended. Older ones of this prefix are deleted.",
      example: 30,
    },
  ],
} as const satisfies Section;
