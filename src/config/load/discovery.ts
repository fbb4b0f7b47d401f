import { posix, win32 } from "node:path";
import { quotedFlags } from "../../permissions/flags.ts";
import { NO_PERMISSIONS } from "../../permissions/needs.ts";
import type { ConfigIo, Environment } from "./config_io.ts";
import { StartError } from "./start_error.ts";

/** Names the file, like `--config`, which is stronger. */
export const CONFIG_FILE_VARIABLE = "CLAUDE_PROXY_CONFIG_FILE";

/** The file that was found. */
export interface FoundFile {
  /** The file as messages name it: as given, or `config.toml`, or a whole path. */
  readonly name: string;
  /** Its whole path. */
  readonly path: string;
  /** The variable with the directory it was found in. */
  readonly variable?: string;
  readonly bytes: Uint8Array;
}

/** Outcome of the search. */
export interface Discovery {
  readonly found: FoundFile | undefined;
  /** Places that were looked at in vain, or could not be. */
  readonly searched: readonly string[];
  /** A line about the places that could not be looked at. */
  readonly notes: readonly string[];
}

interface Request {
  readonly path: string;
  /** Who named the file, for messages. */
  readonly by: string;
}

/**
 * Finds the configuration file: `--config`, else the variable, else the first that exists
 * of `config.toml`, the user's configuration directory and `~/.claude-proxy.toml`.
 *
 * @throws {StartError} if a file named by flag or variable cannot be read, or one that
 * exists in a usual place cannot
 */
export async function discover(
  flag: string | undefined,
  environment: Environment,
  io: ConfigIo,
): Promise<Discovery> {
  const request = requested(flag, environment);
  if (request) return { found: await readRequested(request, io), searched: [], notes: [] };
  return await search(usualPlaces(environment, io), io);
}

function requested(flag: string | undefined, environment: Environment): Request | undefined {
  if (flag !== undefined) return { path: flag, by: "--config" };
  const path = environment.value(CONFIG_FILE_VARIABLE);
  return path === undefined ? undefined : { path, by: CONFIG_FILE_VARIABLE };
}

async function readRequested({ path, by }: Request, io: ConfigIo): Promise<FoundFile> {
  if (path === "") throw new StartError([`${by}: expected the path of a file, got ""`]);
  const whole = absolute(path, io);
  const file = await io.readFile(whole);
  if (file === "missing") throw new StartError([`${by}: there is no file ${path}`]);
  if (file === "not-granted") {
    throw new StartError([`${by}: not allowed to read ${path}; run with ${allowRead([path])}`]);
  }
  if ("unreadable" in file) {
    throw new StartError([`${by}: cannot read ${path}: ${file.unreadable}`]);
  }
  return { name: path, path: whole, bytes: file.bytes };
}

async function search(places: Iterable<Place>, io: ConfigIo): Promise<Discovery> {
  const searched: string[] = [];
  const notGranted: string[] = [];
  let found: FoundFile | undefined;
  for (const { name, ...variable } of places) {
    const path = absolute(name, io);
    const file = await io.readFile(path);
    if (typeof file === "object") {
      if ("unreadable" in file) {
        throw new StartError([`${name}: cannot read it: ${file.unreadable}`]);
      }
      found = { name, path, bytes: file.bytes, ...variable };
      break;
    }
    searched.push(name);
    if (file === "not-granted") notGranted.push(name);
  }
  const note = `Configuration files were not looked for: allow them with ${allowRead(notGranted)}`;
  return { found, searched, notes: notGranted.length > 0 ? [note] : [] };
}

interface Place {
  readonly name: string;
  readonly variable?: string;
}

/** A generator, so that the home directory is asked for only once it is needed. */
function* usualPlaces(environment: Environment, io: ConfigIo): Generator<Place> {
  yield { name: "config.toml" };
  const { join } = pathsOf(io);
  const windows = io.os === "windows";
  const variable = windows ? "USERPROFILE" : "HOME";
  const home = environment.value(variable);
  const directory = windows
    ? { variable: "APPDATA", path: environment.value("APPDATA") }
    : { variable, path: home && join(home, ".config") };
  if (directory.path) {
    yield {
      name: join(directory.path, "claude-proxy", "config.toml"),
      variable: directory.variable,
    };
  }
  if (home) yield { name: join(home, ".claude-proxy.toml"), variable };
}

/** A path as the system takes it, from wherever it is. */
export function absolute(path: string, io: ConfigIo): string {
  const { isAbsolute, join } = pathsOf(io);
  return isAbsolute(path) ? path : join(io.cwd, path);
}

function pathsOf(io: ConfigIo): typeof posix {
  return io.os === "windows" ? win32 : posix;
}

function allowRead(read: readonly string[]): string {
  return quotedFlags({ ...NO_PERMISSIONS, read });
}
