import { type ConfigFile, valueAt } from "./config_file.ts";
import type { Environment } from "./environment.ts";
import { expand, type Expansion } from "./expand.ts";
import type { ParsedFlags } from "./flags.ts";
import type { Setting } from "../schema/setting.ts";
import type { Source } from "./source.ts";

/** Everywhere a value can come from, besides the table's defaults. */
export interface Inputs {
  readonly flags: ParsedFlags;
  readonly environment: Environment;
  /** Undefined if there is none, or if it could not be read, as `fileFailed` tells. */
  readonly file: ConfigFile | undefined;
  /** There is a file with complaints of its own: do not complain about what is missing. */
  readonly fileFailed: boolean;
}

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
export function strongest(setting: Setting, inputs: Inputs): Candidate | undefined {
  return fromFlag(setting, inputs) ?? fromVariable(setting, inputs) ?? fromFile(setting, inputs);
}

function fromFlag(setting: Setting, { flags }: Inputs): Candidate | undefined {
  const given = flags.values.get(setting.path);
  if (!given) return undefined;
  const source: Source = { from: "flag", flag: given.flag };
  return { source, value: setting.row.kind.fromText(given.text), problems: [] };
}

function fromVariable(setting: Setting, { environment }: Inputs): Candidate | undefined {
  const text = environment.value(setting.variable);
  if (text === undefined) return undefined;
  const source: Source = { from: "variable", variable: setting.variable };
  return { source, value: setting.row.kind.fromText(text), problems: [] };
}

function fromFile(setting: Setting, { environment, file }: Inputs): Candidate | undefined {
  const raw = file && valueAt(file.table, setting.keys);
  if (!file || raw === undefined) return undefined;
  const { value, changed, problems } = expand(raw, (name) => environment.lookup(name));
  const source: Source = { from: "file", file: file.name, line: file.lineOf(setting.keys) };
  return { source, value, problems, ...(changed && { raw }) };
}
