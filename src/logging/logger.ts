import type { LoggingSettings } from "../config/schema/settings.ts";

/** How severe a line is. */
export type LogLevel = LoggingSettings["level"];

/** What a line tells beside its message; what is undefined is left out. */
export type LogFields = Readonly<Record<string, unknown>>;

/** One line to be. */
export interface LogRecord {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly level: LogLevel;
  /** Who tells: `claude-proxy`, `claude-proxy.access`. */
  readonly logger: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** Where records go; nowhere while logging has not begun. */
let sink: ((record: LogRecord) => void) | undefined;

/** Sends every record there from now on. */
export function sendRecordsTo(destination: typeof sink): void {
  sink = destination;
}

/** Whether what is logged is written anywhere. */
export function isLogging(): boolean {
  return sink !== undefined;
}

/** Makes records, which go where {@linkcode sendRecordsTo} says. */
export class Logger {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  info(message: string, fields: LogFields = {}): void {
    this.at("info", message, fields);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.at("warn", message, fields);
  }

  error(message: string, fields: LogFields = {}): void {
    this.at("error", message, fields);
  }

  /** @param time of what is told, in milliseconds since the epoch @default {now} */
  at(level: LogLevel, message: string, fields: LogFields, time: number = Date.now()): void {
    sink?.({ time, level, logger: this.#name, message, fields });
  }
}

/** The logger of the program itself. */
export const log = new Logger("claude-proxy");

/** The logger of requests: one record each, at its end. */
export const accessLog = new Logger("claude-proxy.access");
