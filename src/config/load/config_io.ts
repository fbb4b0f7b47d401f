import { lookUpVariable, type VariableLookup } from "../../permissions/variable.ts";

/** What a file holds, or why it cannot be had. */
export type FileLookup =
  | { readonly bytes: Uint8Array }
  | "missing"
  | "not-granted"
  | { readonly unreadable: string };

/** Everything the settings take from the outside world. Nothing in it ever prompts. */
export interface ConfigIo {
  /** Operating system, in the words of `Deno.build.os`. */
  readonly os: string;
  /** Directory against which relative paths are read. */
  readonly cwd: string;
  /** Reads a whole file. */
  readFile(path: string): Promise<FileLookup>;
  /** Looks one environment variable up. */
  variable(name: string): VariableLookup;
  /** Names of all environment variables, or undefined where they cannot be listed. */
  variableNames(): readonly string[] | undefined;
}

/**
 * The real outside world. Each permission is queried before it is used, so a missing one
 * neither prompts nor throws: the answer is `not-granted`.
 */
export function denoConfigIo(): ConfigIo {
  return { os: Deno.build.os, cwd: Deno.cwd(), readFile, variable: lookUpVariable, variableNames };
}

async function readFile(path: string): Promise<FileLookup> {
  if (wouldPrompt({ name: "read", path })) return "not-granted";
  try {
    return { bytes: await Deno.readFile(path) };
  } catch (error) {
    return whyNot(error);
  }
}

function whyNot(error: unknown): FileLookup {
  if (error instanceof Deno.errors.NotCapable) return "not-granted";
  if (error instanceof Deno.errors.NotFound) return "missing";
  if (error instanceof Deno.errors.NotADirectory) return "missing";
  if (error instanceof Deno.errors.IsADirectory) return { unreadable: "it is a directory" };
  if (error instanceof Deno.errors.PermissionDenied) {
    return { unreadable: "the system denies it; make it readable for the user we run as" };
  }
  return { unreadable: error instanceof Error ? error.message : "unknown reason" };
}

function variableNames(): readonly string[] | undefined {
  if (Deno.permissions.querySync({ name: "env" }).state !== "granted") return undefined;
  return Object.keys(Deno.env.toObject());
}

/** Only a state of `prompt` asks the user. `denied` throws, or reads as unset with `--ignore-env`. */
function wouldPrompt(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "prompt";
}
