import type { Candidate } from "./candidate.ts";
import type { ExpansionProblem } from "./expand.ts";
import { nearest, suggestion } from "./nearest.ts";
import type { Setting } from "../schema/setting.ts";
import { formatSource } from "./source.ts";

/** Longest part of a wrong value that a message repeats, in characters. */
const MAX_ECHO = 60;

/** `config.toml:3: port`, or the flag or variable alone: it says which setting it is. */
export function place(setting: Setting, candidate: Candidate): string {
  const source = formatSource(candidate.source);
  return candidate.source.from === "file" ? `${source}: ${setting.path}` : source;
}

/** A value that the row's kind refuses. */
export function wrongValue(setting: Setting, candidate: Candidate, message: string): string {
  return `${place(setting, candidate)}: ${message}${got(setting, candidate)}` +
    (hint(setting, candidate) ?? suggestion(nearestChoice(setting, candidate)));
}

/** A `${VAR}` that cannot be expanded. A `$VAR` in a secret is not named: it may be a piece of it. */
export function wrongExpansion(
  setting: Setting,
  candidate: Candidate,
  problem: ExpansionProblem,
): string {
  const hidden = setting.row.secret === true && "braced" in problem && !problem.braced;
  return `${place(setting, candidate)}: ${expansionMessage(problem, hidden)}`;
}

/** A setting that nobody gives. */
export function missing(setting: Setting, variant: string | undefined): string {
  const needed = variant === undefined
    ? ""
    : ` (${setting.section.variants?.by} = "${variant}" needs it)`;
  const ways = [setting.row.flag?.replace(/^-\w, /, ""), setting.variable, inFile(setting)];
  return `${setting.path} is not set${needed}: give ${ways.filter(Boolean).join(", ")}` +
    choicesOf(setting);
}

/** Text of a value that is no secret, for one line of output. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (value instanceof Date) return "a date";
  return typeof value === "object" ? "a table" : String(value);
}

function got(setting: Setting, { value, raw }: Candidate): string {
  if (setting.row.secret || setting.row.kind.echo === false) {
    return typeof value === "string" ? "" : `, got ${typeName(value)}`;
  }
  const text = show(raw ?? value);
  const short = text.length > MAX_ECHO ? `${text.slice(0, MAX_ECHO)}…` : text;
  return `, got ${short}${raw === undefined ? "" : " (expanded)"}`;
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date";
  if (typeof value === "object") return "a table";
  return `a ${typeof value}`;
}

/** A right value in quotes is the commonest wrong type. */
function hint(setting: Setting, { source, value, raw }: Candidate): string | undefined {
  if (source.from !== "file" || typeof value !== "string" || setting.row.secret) return undefined;
  const meant = setting.row.kind.fromText(value);
  if (typeof meant === "string" || !setting.row.kind.check(meant).ok) return undefined;
  if (raw !== undefined) return `; the file expands strings only, so set ${setting.variable}`;
  return `; write ${setting.row.key} = ${show(meant)}`;
}

function nearestChoice(setting: Setting, { value, raw }: Candidate): string | undefined {
  if (typeof value !== "string" || raw !== undefined) return undefined;
  return nearest(value, setting.row.kind.choices ?? []);
}

function expansionMessage(problem: ExpansionProblem, hidden: boolean): string {
  switch (problem.problem) {
    case "unset":
      return `the variable ${hidden ? "after $" : problem.name} is not set; ` +
        "a literal $ is written $$";
    case "not-granted":
      return `not allowed to read the variable ${hidden ? "after $" : problem.name}; ` +
        `run with --allow-env${hidden ? "" : `=${problem.name}`}`;
    case "unterminated":
      return "${ has no closing }; a literal $ is written $$";
    case "bad-name":
      return "${…} holds no variable's name; a literal $ is written $$";
  }
}

function inFile(setting: Setting): string {
  const table = setting.section.top ? "" : ` under [${setting.section.name}]`;
  return `or ${setting.row.key}${table} in the configuration file`;
}

function choicesOf(setting: Setting): string {
  const choices = setting.row.kind.choices;
  return choices ? ` (one of ${choices.join(", ")})` : "";
}
