import { join } from "node:path";

/**
 * The directory that contenders are installed into, outside of the repository: it is kept, so that
 * only the first run downloads them.
 *
 * @throws {Error} when there is no home directory to put it in
 */
export async function cacheDirectory(name: string): Promise<string> {
  const home = Deno.env.get("HOME");
  const base = Deno.env.get("XDG_CACHE_HOME") ?? (home && join(home, ".cache"));
  if (!base) throw new Error("neither XDG_CACHE_HOME nor HOME names a directory to install into");
  const directory = join(base, "claude-proxy-bench", name);
  await Deno.mkdir(directory, { recursive: true });
  return directory;
}

/** Whether a file is there. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
