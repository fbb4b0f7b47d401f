import type { PlacedSetting } from "../schema/placed_setting.ts";
import { type Keys, tomlText } from "../schema/toml_value.ts";
import type { ExpansionProblem } from "./expand.ts";
import { nearest, suggestion } from "./nearest.ts";
import { type Candidate, formatSource, type Source } from "./source.ts";

/** Longest part of a wrong value that a message repeats, in characters. */
const MAX_ECHO = 60;

/** `config.toml:3: port`, or the flag or variable alone: it says which setting it is. */
export function place(path: string, source: Source): string {
  const text = formatSource(source);
  return source.from === "file" ? `${text}: ${path}` : text;
}

/** A value that the setting's kind refuses. */
export function wrongValue(placed: PlacedSetting, candidate: Candidate, message: string): string {
  return `${place(placed.path, candidate.source)}: ${message}${got(placed, candidate)}` +
    (hint(placed, candidate) ?? suggestion(nearestChoice(placed, candidate)));
}

/** A `${VAR}` that cannot be expanded. */
export function wrongExpansion(
  { path, setting }: PlacedSetting,
  { source }: Candidate,
  problem: ExpansionProblem,
): string {
  const name = nameToTell(setting, problem);
  return `${place(path, source)}: ${expansionMessage(problem, name)}`;
}

/** The variable a reference names; none of a `$VAR` in a secret, which may be a piece of it. */
export function nameToTell(
  { secret }: PlacedSetting["setting"],
  problem: ExpansionProblem,
): string | undefined {
  if (!("name" in problem) || (secret && !problem.braced)) return undefined;
  return problem.name;
}

/**
 * A setting that nobody gives.
 *
 * @param why who needs it, if not everybody
 * @param table the table of a list that lacks it
 */
export function missing(
  { path, keys, setting, variable }: PlacedSetting,
  why: string | undefined,
  table?: Source,
): string {
  const fault = `${path} is not set${why === undefined ? "" : ` (${why})`}`;
  if (table !== undefined) return `${formatSource(table)}: ${fault}${choicesOf(setting.kind)}`;
  const ways = [setting.flag?.replace(/^-\w, /, ""), variable, inFile(keys)];
  return `${fault}: give ${ways.filter(Boolean).join(", ")}${choicesOf(setting.kind)}`;
}

/** Header of the table at some keys: `[upstream_auth]`, `[[models]]`. */
export function headerOf(keys: Keys): string {
  const name = keys.filter((key) => typeof key === "string").join(".");
  return typeof keys.at(-1) === "number" ? `[[${name}]]` : `[${name}]`;
}

function got({ setting }: PlacedSetting, { value, raw }: Candidate): string {
  if (setting.secret || setting.kind.echo === false) {
    const isTold = typeof value === "string" || (Array.isArray(value) && value.length > 0);
    return isTold ? "" : `, got ${typeName(value)}`;
  }
  const text = echo(raw ?? value);
  const short = text.length > MAX_ECHO ? `${text.slice(0, MAX_ECHO)}…` : text;
  return `, got ${short}${raw === undefined ? "" : " (expanded)"}`;
}

/** A wrong value, but for what stands inside a table: that may be anything. */
function echo(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(echo).join(", ")}]`;
  return typeof value === "object" ? typeName(value) : tomlText(value);
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (value instanceof Date) return "a date";
  if (typeof value === "object") return "a table";
  return `a ${typeof value}`;
}

/** A right value in quotes is the commonest wrong type. */
function hint(
  { setting, variable }: PlacedSetting,
  { source, value, raw }: Candidate,
): string | undefined {
  if (source.from !== "file" || typeof value !== "string" || setting.secret) return undefined;
  const meant = setting.kind.fromText(value);
  if (typeof meant === "string" || !setting.kind.check(meant).ok) return undefined;
  if (raw === undefined) return `; write ${setting.key} = ${tomlText(meant)}`;
  return `; the file expands strings only${variable === undefined ? "" : `, so set ${variable}`}`;
}

function nearestChoice({ setting }: PlacedSetting, { value, raw }: Candidate): string | undefined {
  if (typeof value !== "string" || raw !== undefined) return undefined;
  return nearest(value, setting.kind.choices ?? []);
}

const LITERAL = "; a literal $ is written $$";

/** How to allow a variable that has a name is told once for all, by a note of the environment's. */
function expansionMessage({ problem }: ExpansionProblem, name: string | undefined): string {
  const variable = `the variable ${name ?? "after $"}`;
  switch (problem) {
    case "unset":
      return `${variable} is not set${LITERAL}`;
    case "hidden":
      return `${variable} is hidden by --ignore-env${name === undefined ? LITERAL : ""}`;
    case "not-granted":
      return `not allowed to read ${variable}${name === undefined ? LITERAL : ""}`;
    case "unterminated":
      return "${ has no closing }" + LITERAL;
    case "bad-name":
      return "${…} holds no variable's name" + LITERAL;
  }
}

function inFile(keys: Keys): string {
  const table = keys.slice(0, -1);
  const under = table.length === 0 ? "" : ` under ${headerOf(table)}`;
  return `or ${keys.at(-1)}${under} in the configuration file`;
}

function choicesOf({ choices }: PlacedSetting["setting"]["kind"]): string {
  return choices ? ` (one of ${choices.join(", ")})` : "";
}
