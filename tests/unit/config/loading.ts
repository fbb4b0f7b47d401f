import assert from "node:assert/strict";
import { StartError } from "../../../src/config/load/start_error.ts";
import type { ConfigIo, FileLookup } from "../../../src/config/load/config_io.ts";
import type { ParsedFlags } from "../../../src/config/load/source.ts";
import { type LoadedSettings, loadSettings } from "../../../src/config/load/load.ts";
import { allSettings } from "../../../src/config/schema/placed_setting.ts";

/** The outside world of one load, in plain values. */
export interface World {
  /** Text of files by absolute path, or why a file cannot be had. */
  readonly files?: Readonly<Record<string, string | FileLookup>>;
  /** The text of /srv/config.toml: most tests need that file only. */
  readonly toml?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Variables that may not be read; with `true`, none may. */
  readonly envNotGranted?: readonly string[] | true;
  /** Variables that `--ignore-env` hides. */
  readonly envHidden?: readonly string[];
  /** Flags by TOML path. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly config?: string;
  readonly os?: string;
  /** Every user of the machine can read its files. */
  readonly openToOthers?: boolean;
}

/** The least that loads, as variables. */
export const REQUIRED = {
  CLAUDE_PROXY__UPSTREAM_URL: "https://upstream.test",
  CLAUDE_PROXY__CLIENT_API_KEY: "client-key",
  CLAUDE_PROXY__UPSTREAM_AUTH__TYPE: "api_key",
  CLAUDE_PROXY__UPSTREAM_AUTH__API_KEY: "upstream-key",
} as const;

/** An outside world held in memory. */
export function ioOf(world: World): ConfigIo {
  const env = world.env ?? REQUIRED;
  const denied = world.envNotGranted ?? [];
  const files = { ...world.files, ...(world.toml !== undefined && inWork(world.toml)) };
  return {
    os: world.os ?? "linux",
    cwd: world.os === "windows" ? "C:\\work" : "/srv",
    readFile: (path) => Promise.resolve(lookup(files[path])),
    isOpenToOthers: () => Promise.resolve(world.openToOthers === true),
    variable(name) {
      if (denied === true || denied.includes(name)) return "not-granted";
      if (world.envHidden?.includes(name)) return "hidden";
      const value = env[name as keyof typeof env];
      return value === undefined ? "unset" : { value };
    },
    variableNames: () => (denied === true || denied.length > 0 ? undefined : Object.keys(env)),
  };
}

/** Flags as the command line would hand them over. */
export function flagsOf(world: World): ParsedFlags {
  const settings = allSettings();
  const values = Object.entries(world.flags ?? {}).map(([path, text]) => {
    const flag = settings.find((setting) => setting.path === path)?.flag ?? assert.fail(path);
    return [path, { flag, text }] as const;
  });
  return { values: new Map(values), ...(world.config !== undefined && { config: world.config }) };
}

/** Loads, expecting no complaint. */
export function load(world: World): Promise<LoadedSettings> {
  return loadSettings(flagsOf(world), ioOf(world));
}

/** Loads, expecting a {@linkcode StartError}. */
export async function failure(world: World): Promise<StartError> {
  try {
    await load(world);
  } catch (error) {
    if (error instanceof StartError) return error;
    throw error;
  }
  return assert.fail("expected complaints, and the settings loaded");
}

/** Loads, expecting exactly one complaint. */
export async function onlyComplaint(world: World): Promise<string> {
  const { complaints } = await failure(world);
  assert.equal(complaints.length, 1, complaints.join("\n"));
  return complaints[0] ?? "";
}

function inWork(toml: string): Record<string, string> {
  return { "/srv/config.toml": toml };
}

function lookup(file: string | FileLookup | undefined): FileLookup {
  if (file === undefined) return "missing";
  if (file === "missing" || file === "not-granted" || typeof file !== "string") return file;
  return { bytes: new TextEncoder().encode(file) };
}
