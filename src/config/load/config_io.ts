import { dirname } from "node:path";
import { PROXY_VARIABLES } from "../../net/forward_proxy.ts";
import { quotedFlags } from "../../permissions/flags.ts";
import { NO_PERMISSIONS } from "../../permissions/needs.ts";
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
  /** Whether every user of this machine can read a file, so far as permissions let us see. */
  isOpenToOthers(path: string): Promise<boolean>;
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
  const { os } = Deno.build;
  const world = { readFile, isOpenToOthers, variable: lookUpVariable, variableNames };
  return { os, cwd: Deno.cwd(), ...world };
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

/** Bits of a mode that let everybody read a file, and reach what is in a directory. */
const READ = 0o4;
const ENTER = 0o1;

async function isOpenToOthers(path: string): Promise<boolean> {
  if (Deno.build.os === "windows" || !await lets(path, READ)) return false;
  for (let at = path; at !== dirname(at);) {
    at = dirname(at);
    if (!await lets(at, ENTER)) return false;
  }
  return true;
}

/** A directory that we may not look at is taken for one that lets everybody through. */
async function lets(path: string, bit: number): Promise<boolean> {
  if (wouldPrompt({ name: "read", path })) return bit === ENTER;
  try {
    const { mode } = await Deno.stat(path);
    return mode === null || (mode & bit) !== 0;
  } catch (error) {
    return bit === ENTER && !(error instanceof Deno.errors.NotFound);
  }
}

function variableNames(): readonly string[] | undefined {
  if (Deno.permissions.querySync({ name: "env" }).state !== "granted") return undefined;
  return Object.keys(Deno.env.toObject());
}

/** Only a state of `prompt` asks the user. `denied` throws, or reads as unset with `--ignore-env`. */
function wouldPrompt(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "prompt";
}

/** Names of ours, as one permission flag can grant them all. */
const OURS = /^CLAUDE_PROXY_/;
const GRANT_OURS = "CLAUDE_PROXY_*";

/** The environment, remembering which variables were asked for, and whether one was out of reach. */
export class Environment {
  readonly #io: ConfigIo;
  readonly #asked = new Set<string>();
  readonly #used = new Set<string>();
  #isRead = true;
  #hidesOurs = false;

  constructor(io: ConfigIo) {
    this.#io = io;
  }

  /** Looks a variable up whose absence is no error: one of ours, or a home directory. */
  value(name: string): string | undefined {
    const found = OURS.test(name) ? this.lookup(name) : this.#io.variable(name);
    this.#asked.add(permissionFor(name));
    if (found === "not-granted") this.#isRead = false;
    if (found === "hidden" && OURS.test(name)) this.#hidesOurs = true;
    return typeof found === "object" ? found.value : undefined;
  }

  /** Looks at a variable that is no setting, and needs no permission if it may not be read. */
  peek(name: string): string | undefined {
    const found = this.#io.variable(name);
    return typeof found === "object" ? found.value : undefined;
  }

  /** Looks a variable up for `${VAR}`, where the caller complains about each outcome. */
  lookup(name: string): VariableLookup {
    const found = this.#io.variable(name);
    if (typeof found === "object") this.#used.add(permissionFor(name));
    return found;
  }

  /**
   * Variables of ours and of `${VAR}` that had a value, as `--allow-env` names them; all of ours
   * under one name.
   */
  used(): string[] {
    return [...this.#used];
  }

  /** Tells of a variable of `${VAR}` that could not be read. */
  lacks(name: string): void {
    this.#asked.add(permissionFor(name));
    this.#isRead = false;
  }

  /** Variables that were asked for, as `--allow-env` names them; whether they are set or not. */
  asked(): string[] {
    return [...this.#asked];
  }

  /** Names of all variables, where they can be listed. */
  names(): readonly string[] {
    return this.#io.variableNames() ?? [];
  }

  /**
   * One line about everything that was not read, or none. It names all that a start looks at, also
   * what could be read: with `deno run -P` the flag takes the place of the set's list.
   *
   * @param failed whether the settings cannot be used: then what `--ignore-env` hides, as somebody
   * meant it to, may be what they lack
   */
  notes(failed: boolean): string[] {
    if (this.#isRead && !(failed && this.#hidesOurs)) return [];
    const env = [...new Set([...this.#asked, ...this.#used, ...PROXY_VARIABLES])];
    const flag = quotedFlags({ ...NO_PERMISSIONS, env });
    return [
      "Environment variables were not read: settings there do not count, and if one names a " +
      `forward proxy, its password reaches the upstream; allow them with ${flag}`,
    ];
  }
}

function permissionFor(name: string): string {
  return OURS.test(name) ? GRANT_OURS : name;
}
