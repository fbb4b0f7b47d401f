import { join } from "node:path";
import type { LoggingSettings } from "../config/schema/settings.ts";
import type { PermissionNeeds } from "../permissions/needs.ts";

/** How often a new log file is begun. */
export type Rotation = "hourly" | "daily";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Length of a period in milliseconds. */
const LENGTH: Readonly<Record<Rotation, number>> = { hourly: HOUR, daily: DAY };

/**
 * Name of the file that a line of this time belongs in: `PREFIX.YYYY-MM-DD.log` or
 * `PREFIX.YYYY-MM-DD-HH.log`, in UTC.
 *
 * @param timestamp milliseconds since the epoch
 */
export function logFileName(prefix: string, rotation: Rotation, timestamp: number): string {
  const iso = new Date(timestamp).toISOString();
  const period = rotation === "daily"
    ? iso.slice(0, 10)
    : `${iso.slice(0, 10)}-${iso.slice(11, 13)}`;
  return `${prefix}.${period}.log`;
}

/**
 * Name of a further part of a file that has grown to its largest size: `PREFIX.YYYY-MM-DD.1.log`.
 *
 * @param name what {@linkcode logFileName} gives: part 0
 */
export function partName(name: string, part: number): string {
  return part === 0 ? name : name.replace(/log$/, `${part}.log`);
}

/** A log file's period, in milliseconds since the epoch, and which part of it the file is. */
export interface Period {
  readonly start: number;
  readonly end: number;
  /** Counts from 0. */
  readonly part: number;
}

const PERIOD = /^(\d{4}-\d{2}-\d{2})(?:-(\d{2}))?(?:\.([1-9]\d{0,5}))?\.log$/;

/** The period a file is for, or undefined when its name is none that this prefix makes. */
export function periodOf(prefix: string, name: string): Period | undefined {
  if (!name.startsWith(`${prefix}.`)) return undefined;
  const match = PERIOD.exec(name.slice(prefix.length + 1));
  if (match === null) return undefined;
  const [, day, hour, part = "0"] = match;
  const rotation = hour === undefined ? "daily" : "hourly";
  const start = Date.parse(`${day}T${hour ?? "00"}:00:00Z`);
  if (Number.isNaN(start)) return undefined;
  if (partName(logFileName(prefix, rotation, start), Number(part)) !== name) return undefined;
  return { start, end: start + LENGTH[rotation], part: Number(part) };
}

/** How much is kept. What is undefined sets no limit. */
export interface Retention {
  /** Files, the current one included. */
  readonly maxFiles: number | undefined;
  /** Days since the end of what a file holds. */
  readonly maxAgeDays: number | undefined;
}

/**
 * The files that are past their time. Only names that this prefix makes are considered, and never
 * the current file or one of the future.
 *
 * @param names the directory's entries
 * @param now milliseconds since the epoch
 */
export function expiredLogFiles(
  names: readonly string[],
  prefix: string,
  retention: Retention,
  now: number,
): string[] {
  const { maxFiles = Infinity, maxAgeDays = Infinity } = retention;
  const periods = names.flatMap((name) => {
    const period = periodOf(prefix, name);
    return period === undefined ? [] : [{ name, ...period }];
  });
  periods.sort((a, b) => b.start - a.start || b.end - a.end || b.part - a.part);
  return periods
    .filter(({ start, end }, index) => {
      const next = periods[index - 1];
      const isLastPart = next?.start !== start || next.end !== end;
      if (end > now && isLastPart) return false;
      return index >= maxFiles || now - end > maxAgeDays * DAY;
    })
    .map(({ name }) => name);
}

/** Deletes what {@linkcode expiredLogFiles} names. Another process may be at the same work. */
export async function deleteExpiredLogFiles(
  directory: string,
  prefix: string,
  retention: Retention,
  now: number,
): Promise<void> {
  if (retention.maxFiles === undefined && retention.maxAgeDays === undefined) return;
  const names: string[] = [];
  for await (const entry of Deno.readDir(directory)) if (entry.isFile) names.push(entry.name);
  for (const name of expiredLogFiles(names, prefix, retention, now)) {
    try {
      await Deno.remove(join(directory, name));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/**
 * One log file, opened for appending. Every write is one system call with whole lines, so two
 * processes that append to the same file do not tear each other's lines.
 */
export class LogFile {
  /** What {@linkcode logFileName} gives, whichever part of it this is. */
  readonly name: string;
  readonly path: string;
  readonly #file: Deno.FsFile;
  readonly #identity: string;
  #size: number;
  #dirty = false;

  private constructor(name: string, path: string, file: Deno.FsFile, info: Deno.FileInfo) {
    this.name = name;
    this.path = path;
    this.#file = file;
    this.#identity = identity(info);
    this.#size = info.size;
  }

  /**
   * Opens the file of a name, and makes it and its directory where they are missing.
   *
   * @param room bytes that are to be written; a file that would grow past `maxSize` is followed by
   * its next part
   * @throws {Error} for what is no regular file, such as a symbolic link that somebody planted
   */
  static async open(
    directory: string,
    name: string,
    { room, maxSize = Infinity }: { room: number; maxSize?: number | undefined },
  ): Promise<LogFile> {
    await Deno.mkdir(directory, { recursive: true });
    for (let part = maxSize === Infinity ? 0 : await lastPart(directory, name);; part++) {
      const path = join(directory, partName(name, part));
      const { file, info } = await openRegular(path);
      if (info.size === 0 || info.size + room <= maxSize) {
        return new LogFile(name, path, file, info);
      }
      file.close();
    }
  }

  /** Whether so many bytes more keep it within a size. */
  hasRoom(room: number, maxSize: number): boolean {
    return this.#size === 0 || this.#size + room <= maxSize;
  }

  /** Whether the path still leads to this file: somebody may have removed or moved it. */
  async isInPlace(): Promise<boolean> {
    try {
      return identity(await Deno.lstat(this.path)) === this.#identity;
    } catch {
      return false;
    }
  }

  /**
   * Appends as much as the disk takes.
   *
   * @returns bytes written
   */
  async append(bytes: Uint8Array): Promise<number> {
    const written = await this.#file.write(bytes);
    this.#size += written;
    this.#dirty = true;
    return written;
  }

  /** {@linkcode append} for the moment in which a process ends. */
  appendSync(bytes: Uint8Array): number {
    return this.#file.writeSync(bytes);
  }

  /** Has the disk take what was written since the last time. */
  async sync(): Promise<void> {
    if (!this.#dirty) return;
    this.#dirty = false;
    try {
      await this.#file.syncData();
    } catch {
      // What cannot be synced was written all the same.
    }
  }

  async close(): Promise<void> {
    await this.sync();
    this.#file.close();
  }
}

/** Tells files apart; where the system gives no inode, every file looks the same. */
function identity({ dev, ino }: Deno.FileInfo): string {
  return `${dev}:${ino}`;
}

/** As many digits as {@linkcode periodOf} takes: others count no parts of ours. */
const PART = /\.(\d{1,6})\.log$/;

/** The last part that there is of a file. */
async function lastPart(directory: string, name: string): Promise<number> {
  let last = 0;
  for await (const entry of Deno.readDir(directory)) {
    const part = Number(PART.exec(entry.name)?.[1] ?? 0);
    if (part > last && entry.name === partName(name, part)) last = part;
  }
  return last;
}

/**
 * Opens a regular file. The runtime follows symbolic links and has no option that forbids it: one
 * that somebody planted in a directory that others can write to would have lines appended to any file
 * of ours. So the path is looked at before, and once more with the file open, in case it was exchanged
 * in between. A file with a second name may be anybody's too.
 */
async function openRegular(path: string): Promise<{ file: Deno.FsFile; info: Deno.FileInfo }> {
  requireRegular(path, await lstatIfThere(path));
  const file = await Deno.open(path, { append: true, create: true, mode: 0o640 });
  try {
    const info = await file.stat();
    const named = await Deno.lstat(path);
    requireRegular(path, named);
    if (identity(info) !== identity(named)) throw new Error(`${path} was exchanged`);
    return { file, info };
  } catch (error) {
    file.close();
    throw error;
  }
}

function requireRegular(path: string, info: Deno.FileInfo | undefined): void {
  if (info === undefined) return;
  if (info.isSymlink) {
    throw new Error(`${path} is a symbolic link, which is not followed: remove it`);
  }
  if (!info.isFile) throw new Error(`${path} is no regular file: remove it`);
  if ((info.nlink ?? 1) > 1) throw new Error(`${path} has a second name (a hard link): remove it`);
}

async function lstatIfThere(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The permissions that writing, rotating and deleting log files takes. */
export function loggingPermissions(
  { log_path: path }: LoggingSettings,
): Pick<PermissionNeeds, "read" | "write"> {
  const directories = path === undefined ? [] : [path];
  return { read: directories, write: directories };
}
