/**
 * Loads the settings from command line, environment and file.
 *
 * @module
 */

import type { ConfigIo } from "./config_io.ts";
import type { ParsedFlags } from "./flags.ts";
import { loadSections } from "./load_sections.ts";
import type { Settings } from "../schema/settings.ts";
import type { Source } from "./source.ts";
import { lists, sections } from "../schema/sections.ts";

export type * from "./config_io.ts";
export type * from "./flags.ts";
export type * from "../schema/settings.ts";
export type { Source };

/** Settings that passed every check, and where each came from. */
export interface LoadedSettings {
  /** Every setting, with defaults filled in. */
  readonly settings: Settings;
  /** Source of each setting, by TOML path; of an absent optional one it is the default. */
  readonly provenance: ReadonlyMap<string, Source>;
  /** The configuration file that was read, as it was named. */
  readonly file: string | undefined;
  /**
   * Environment variables that had a value when they were looked at, as `--allow-env` names them:
   * all of ours as `CLAUDE_PROXY_*`.
   */
  readonly variables: readonly string[];
  /** Lines worth telling the operator: what could not be read, what is ignored. */
  readonly notes: string[];
}

/**
 * Loads and checks all settings. Precedence is flag, variable, file, default, for each
 * setting by itself.
 *
 * @param flags What the command line gave
 * @param io The outside world
 * @throws {StartError} holding every complaint at once; nothing else is thrown
 */
export async function loadSettings(flags: ParsedFlags, io: ConfigIo): Promise<LoadedSettings> {
  const { values, ...rest } = await loadSections(sections, flags, io, lists);
  return { settings: values as unknown as Settings, ...rest };
}
