import type { VariableLookup } from "../../permissions/variable.ts";

/** Why a string of the file cannot be expanded. */
export type ExpansionProblem =
  | {
    readonly problem: Exclude<VariableLookup, object>;
    readonly name: string;
    /** Whether it is written `${NAME}`; a `$NAME` may be a piece of a password. */
    readonly braced: boolean;
  }
  | { readonly problem: "unterminated" | "bad-name" };

/** A value with its variables put in, or what stands in the way. */
export interface Expansion {
  readonly value: unknown;
  /** Whether anything in the value was written with `$`. */
  readonly changed: boolean;
  readonly problems: readonly ExpansionProblem[];
}

const REFERENCE = /\$(?:\$|\{(?<braced>[^}]*)\}|(?<open>\{)|(?<bare>[A-Za-z_][A-Za-z0-9_]*))/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Expands `${VAR}` and `$VAR` in every string of a TOML value, however deep. `$$` is a
 * literal `$`, and so is a `$` that no name follows. What a variable holds is not expanded.
 */
export function expand(value: unknown, lookup: (name: string) => VariableLookup): Expansion {
  const problems: ExpansionProblem[] = [];
  let changed = false;
  const expanded = mapStrings(value, (text) =>
    text.replace(REFERENCE, (...match) => {
      changed = true;
      return replacement(match, lookup, problems);
    }));
  return { value: expanded, changed, problems };
}

/** Writes `text` so that {@linkcode expand} gives it back unchanged. */
export function escapeDollars(text: string): string {
  return text.replaceAll("$", "$$$$");
}

function replacement(
  match: readonly unknown[],
  lookup: (name: string) => VariableLookup,
  problems: ExpansionProblem[],
): string {
  if (match[0] === "$$") return "$";
  const groups = match.at(-1) as Record<"braced" | "open" | "bare", string | undefined>;
  const name = groups.bare ?? groups.braced;
  if (name === undefined) return fail(problems, { problem: "unterminated" });
  if (!NAME.test(name)) return fail(problems, { problem: "bad-name" });
  const found = lookup(name);
  if (typeof found === "object") return found.value;
  return fail(problems, { problem: found, name, braced: groups.bare === undefined });
}

function fail(problems: ExpansionProblem[], problem: ExpansionProblem): string {
  problems.push(problem);
  return "";
}

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((element) => mapStrings(element, change));
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, element]) => [key, mapStrings(element, change)]),
  );
}
