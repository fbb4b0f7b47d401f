import type { ListedSetting } from "../../config/load/loaded_settings.ts";

/** What one check found. */
export interface CheckResult {
  /** What was looked at, for a person: `listening address`. */
  readonly name: string;
  /** Whether the proxy would work, as far as this goes. */
  readonly ok: boolean;
  /** What was found, and for a failure what to do. */
  readonly text: string;
}

/** Everything `check` has found. */
export interface Report {
  /** The configuration file that was read. */
  readonly file: string | null;
  readonly settings: readonly ListedSetting[];
  /** What was not read, or is ignored. */
  readonly notes: readonly string[];
  readonly checks: readonly CheckResult[];
}

/** The report for a person: settings with sources, then the checks, marked in colour on a terminal. */
export function formatReport({ file, settings, notes, checks }: Report, colour: boolean): string {
  const width = Math.max(...settings.map(({ path }) => path.length));
  return [
    ...settings.map(({ path, value, source }) => `${path.padEnd(width)} = ${value}  (${source})`),
    "",
    `configuration file: ${file ?? "none"}`,
    ...notes.map((note) => `note: ${note}`),
    ...checks.map(({ ok, name, text }) => `${mark(ok, colour)} ${name}: ${text}`),
  ].join("\n");
}

function mark(ok: boolean, colour: boolean): string {
  if (!colour) return ok ? "ok  " : "FAIL";
  return ok ? "\x1b[32m✓\x1b[0m" : "\x1b[31m✗\x1b[0m";
}
