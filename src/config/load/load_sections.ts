import type { Inputs } from "./candidate.ts";
import { StartError } from "./start_error.ts";
import { type ConfigFile, parseConfigFile } from "./config_file.ts";
import type { ConfigIo } from "./config_io.ts";
import { discover, type Discovery } from "./discovery.ts";
import { Environment } from "./environment.ts";
import type { ParsedFlags } from "./flags.ts";
import type { LoadedSettings } from "./load.ts";
import { resolve } from "./resolve.ts";
import { resolveList } from "./resolve_list.ts";
import type { ListSection, Section } from "../schema/row.ts";
import { allSettings } from "../schema/setting.ts";
import { unknownKeys, unknownVariables } from "./unknown_names.ts";

/** What {@linkcode loadSections} gives: settings of any table, hence not typed. */
export interface LoadedValues extends Omit<LoadedSettings, "settings"> {
  /** The settings, nested as in TOML. */
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Loads the settings of any table; `loadSettings` is this with ours.
 *
 * @throws {StartError} holding every complaint at once
 */
export async function loadSections(
  table: readonly Section[],
  flags: ParsedFlags,
  io: ConfigIo,
  lists: readonly ListSection[] = [],
): Promise<LoadedValues> {
  const environment = new Environment(io);
  const { file, complaints, notes, variables } = await readFile(flags.config, environment, io);
  const inputs: Inputs = { flags, environment, file, fileFailed: complaints.length > 0 };
  const { values, provenance, ...found } = resolve(table, inputs);
  const settings = allSettings(table);
  complaints.push(...(file ? unknownKeys(file, settings, lists) : []), ...found.complaints);
  for (const list of lists) {
    const { elements, source, ...resolved } = resolveList(list, inputs);
    values[list.name] = elements;
    provenance.set(list.name, source);
    complaints.push(...resolved.complaints);
  }
  complaints.push(...unknownVariables(environment, settings));
  notes.push(...environment.notes(), ...found.notes);
  if (complaints.length > 0) throw new StartError(complaints, { notes });
  return {
    values,
    provenance,
    file: file?.name,
    variables: [...variables, ...environment.used()],
    notes,
  };
}

interface FileOutcome {
  readonly file: ConfigFile | undefined;
  /** The variable that led to the file. */
  readonly variables: readonly string[];
  readonly complaints: string[];
  readonly notes: string[];
}

/** A file that fails is one complaint among others. */
async function readFile(
  flag: string | undefined,
  environment: Environment,
  io: ConfigIo,
): Promise<FileOutcome> {
  let discovery: Discovery = { found: undefined, notes: [] };
  try {
    discovery = await discover(flag, environment, io);
    const { found } = discovery;
    const file = found && parseConfigFile(found.name, found.bytes);
    const variables = found?.variable === undefined ? [] : [found.variable];
    return { file, variables, complaints: [], notes: [...discovery.notes] };
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    const notes = [...discovery.notes];
    return { file: undefined, variables: [], complaints: [...error.complaints], notes };
  }
}
