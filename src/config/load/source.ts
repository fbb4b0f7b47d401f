import type { PlacedSetting } from "../schema/placed_setting.ts";
import { type Keys, valueAt } from "../schema/toml_value.ts";
import type { Environment } from "./config_io.ts";
import { expand, type Expansion } from "./expand.ts";
import type { TomlFile } from "./toml_file.ts";

/** What the command line says about the settings. */
export interface ParsedFlags {
  /** `--config`: the file to read, instead of the usual places. */
  readonly config?: string;
  /** Settings by TOML path, with the flag that gave each. */
  readonly values: ReadonlyMap<string, FlagValue>;
}

/** One flag's text. It is checked with the rest of the settings, not while parsing. */
export interface FlagValue {
  /** The flag as it is to be named in messages: `--port`. */
  readonly flag: string;
  /** Text given with it. */
  readonly text: string;
}

/** Everywhere a value can come from, besides the schema's defaults. */
export interface Inputs {
  readonly flags: ParsedFlags;
  readonly environment: Environment;
  /** Undefined if there is none, or if it could not be read, as `fileFailed` tells. */
  readonly file: TomlFile | undefined;
  /** There is a file with complaints of its own: do not complain about what is missing. */
  readonly fileFailed: boolean;
}

/** Where a setting's value came from. */
export type Source =
  | { readonly from: "flag"; readonly flag: string }
  | { readonly from: "variable"; readonly variable: string }
  | { readonly from: "file"; readonly file: string; readonly line: number }
  | { readonly from: "default" };

/** The strongest value somebody gave for a setting. */
export interface Candidate {
  readonly source: Source;
  /** In TOML's shape, variables expanded. */
  readonly value: unknown;
  /** What the file says, if that is not the value. */
  readonly raw?: unknown;
  readonly problems: Expansion["problems"];
}

/**
 * Flag, else variable, else file. A value that loses is not looked at: a file may name a
 * variable that is not set for a setting that a flag overrides.
 */
export function strongest(placed: PlacedSetting, inputs: Inputs): Candidate | undefined {
  return fromFlag(placed, inputs) ?? fromVariable(placed, inputs) ?? fromFile(placed, inputs);
}

function fromFlag({ path, setting }: PlacedSetting, { flags }: Inputs): Candidate | undefined {
  const given = flags.values.get(path);
  if (!given) return undefined;
  const source: Source = { from: "flag", flag: given.flag };
  return { source, value: setting.kind.fromText(given.text), problems: [] };
}

function fromVariable(
  { variable, setting }: PlacedSetting,
  { environment }: Inputs,
): Candidate | undefined {
  const text = variable === undefined ? undefined : environment.value(variable);
  if (variable === undefined || text === undefined) return undefined;
  return {
    source: { from: "variable", variable },
    value: setting.kind.fromText(text),
    problems: [],
  };
}

function fromFile({ keys }: PlacedSetting, { environment, file }: Inputs): Candidate | undefined {
  const raw = file && valueAt(file.table, keys);
  if (!file || raw === undefined) return undefined;
  const { value, changed, problems } = expand(raw, (name) => environment.lookup(name));
  return { source: lineOf(file, keys), value, problems, ...(changed && { raw }) };
}

/** A place in the file as a source. */
export function lineOf(file: TomlFile, keys: Keys): Source {
  return { from: "file", file: file.name, line: file.lineOf(keys) };
}

/** The source as an operator would name it: `--port`, `CLAUDE_PROXY__PORT`, `config.toml:3`. */
export function formatSource(source: Source): string {
  switch (source.from) {
    case "flag":
      return source.flag;
    case "variable":
      return source.variable;
    case "file":
      return `${source.file}:${source.line}`;
    case "default":
      return "default";
  }
}
