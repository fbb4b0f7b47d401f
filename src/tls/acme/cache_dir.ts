import { join } from "node:path";
import { readVariable } from "../../permissions/variable.ts";

const NAME = join("claude-proxy", "acme");

/** The environment variables that {@linkcode defaultCacheDir} reads, by platform. */
export const CACHE_VARIABLES: readonly string[] = Deno.build.os === "windows"
  ? ["LOCALAPPDATA"]
  : Deno.build.os === "darwin"
  ? ["HOME"]
  : ["XDG_CACHE_HOME", "HOME"];

/**
 * Where account and certificate are kept when `cache_dir` is not set: below the user's cache
 * directory, `$XDG_CACHE_HOME` or `~/.cache` (XDG Base Directory Specification), on macOS
 * `~/Library/Caches`, on Windows `%LOCALAPPDATA%`.
 *
 * @param env reads a variable; what may not be read counts as not set
 * @returns `undefined` where no variable tells
 */
export function defaultCacheDir(
  env: (name: string) => string | undefined = readVariable,
  os: typeof Deno.build.os = Deno.build.os,
): string | undefined {
  if (os === "windows") return below(env("LOCALAPPDATA"));
  const home = env("HOME");
  if (os === "darwin") return below(home && join(home, "Library", "Caches"));
  return below(env("XDG_CACHE_HOME") || (home && join(home, ".cache")));
}

function below(directory: string | undefined): string | undefined {
  return directory ? join(directory, NAME) : undefined;
}
