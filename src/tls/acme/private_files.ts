import { dirname } from "node:path";
import { writeAll } from "../../net/write_all.ts";

/** Makes a directory, and those above it, that only this user may enter. */
export async function makePrivateDirectory(path: string): Promise<void> {
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  if (Deno.build.os !== "windows") await Deno.chmod(path, 0o700);
}

/**
 * Writes a file that only this user may read: whole under a temporary name, then renamed, so that
 * neither a crash nor a reader ever sees a part of it.
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await makePrivateDirectory(dirname(path));
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    using file = await Deno.open(temporary, { write: true, createNew: true, mode: 0o600 });
    await writeAll(file, new TextEncoder().encode(text));
    await file.sync();
  } catch (error) {
    await removeFile(temporary);
    throw error;
  }
  await Deno.rename(temporary, path);
}

/** Reads a file, or `undefined` where there is none. */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Removes a file, if it is there. */
export async function removeFile(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
