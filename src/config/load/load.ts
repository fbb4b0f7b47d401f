/**
 * Loads the settings from command line, environment and file.
 *
 * @module
 */

import { PROXY_VARIABLES } from "../../net/forward_proxy.ts";
import { allSettings } from "../schema/placed_setting.ts";
import { type Section, sections, type SettingsOf } from "../schema/settings.ts";
import { type ConfigIo, Environment } from "./config_io.ts";
import { discover, type Discovery } from "./discovery.ts";
import { exposedSecrets } from "./exposed_secrets.ts";
import type { Loaded, LoadedSettings } from "./loaded_settings.ts";
import { resolve } from "./resolve.ts";
import type { Inputs, ParsedFlags } from "./source.ts";
import { StartError } from "./start_error.ts";
import { parseTomlFile, type TomlFile } from "./toml_file.ts";
import { unknownKeys, unknownVariables } from "./unknown_names.ts";

export type { ConfigIo, FileLookup } from "./config_io.ts";
export type { VariableLookup } from "../../permissions/variable.ts";
export type { Loaded, LoadedSettings } from "./loaded_settings.ts";
export type { FlagValue, ParsedFlags, Source } from "./source.ts";
export type * from "../schema/settings.ts";

/**
 * Loads and checks all settings. Precedence is flag, variable, file, default, for each
 * setting by itself.
 *
 * @param flags What the command line gave
 * @param io The outside world
 * @throws {StartError} holding every complaint at once; nothing else is thrown
 */
export async function loadSettings(flags: ParsedFlags, io: ConfigIo): Promise<LoadedSettings> {
  return await loadSections(sections, flags, io);
}

/**
 * Loads the settings of any schema; `loadSettings` is this with ours.
 *
 * @throws {StartError} holding every complaint at once
 */
export async function loadSections<const Sections extends readonly Section[]>(
  of: Sections,
  flags: ParsedFlags,
  io: ConfigIo,
): Promise<Loaded<SettingsOf<Sections>>> {
  const environment = new Environment(io);
  const { file, searched, complaints, notes, variables } = await readFile(
    flags.config,
    environment,
    io,
  );
  const inputs: Inputs = { flags, environment, file, fileFailed: complaints.length > 0 };
  const resolution = resolve(of, inputs);
  const { values, provenance, ...found } = resolution;
  complaints.push(
    ...file ? unknownKeys(file, of) : [],
    ...found.complaints,
    ...unknownVariables(environment, allSettings(of)),
  );
  notes.push(...environment.notes(complaints.length > 0), ...found.notes);
  if (complaints.length > 0) throw new StartError(complaints, { notes });
  notes.push(...await exposedSecrets(of, resolution, inputs, io));
  return {
    settings: values as SettingsOf<Sections>,
    provenance,
    file: file?.name,
    filePath: file?.path,
    variables: [...variables, ...environment.used()],
    lookedFor: { env: [...environment.asked(), ...PROXY_VARIABLES], read: searched },
    notes,
  };
}

interface FileOutcome {
  readonly file: TomlFile | undefined;
  /** Places that hold none. */
  readonly searched: readonly string[];
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
  let discovery: Discovery = { found: undefined, searched: [], notes: [] };
  try {
    discovery = await discover(flag, environment, io);
    const { found, searched } = discovery;
    const file = found && parseTomlFile(found);
    const variables = found?.variable === undefined ? [] : [found.variable];
    return { file, searched, variables, complaints: [], notes: [...discovery.notes] };
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    const { searched, notes } = discovery;
    const complaints = [...error.complaints];
    return { file: undefined, searched, variables: [], complaints, notes: [...notes] };
  }
}
