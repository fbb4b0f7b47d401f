import type { VariableLookup } from "../../permissions/variable.ts";

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
