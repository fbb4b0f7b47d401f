import { dirname, join } from "node:path";
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

/** A log file's period, in milliseconds since the epoch. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

/** The period a file is for, or undefined when its name is none that this prefix makes. */
export function periodOf(prefix: string, name: string): Period | undefined {
  if (!name.startsWith(`${prefix}.`)) return undefined;
  const match = /^(\d{4}-\d{2}-\d{2})(?:-(\d{2}))?\.log$/.exec(name.slice(prefix.length + 1));
  if (match === null) return undefined;
  const [, day, hour] = match;
  const rotation = hour === undefined ? "daily" : "hourly";
  const start = Date.parse(`${day}T${hour ?? "00"}:00:00Z`);
  if (Number.isNaN(start) || logFileName(prefix, rotation, start) !== name) return undefined;
  return { start, end: start + LENGTH[rotation] };
}

/** How much of the past is kept. What is undefined sets no limit. */
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
  const past: [name: string, period: Period][] = [];
  let kept = 0;
  for (const name of names) {
    const period = periodOf(prefix, name);
    if (period === undefined) continue;
    if (period.end > now) kept++;
    else past.push([name, period]);
  }
  past.sort(([, a], [, b]) => b.start - a.start);
  return past
    .filter(([, { end }], index) => kept + index >= maxFiles || now - end > maxAgeDays * DAY)
    .map(([name]) => name);
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
  readonly path: string;
  readonly #file: Deno.FsFile;
  readonly #identity: string;
  #dirty = false;

  private constructor(path: string, file: Deno.FsFile) {
    this.path = path;
    this.#file = file;
    this.#identity = identity(file.statSync());
  }

  /** Opens the file, and makes it and its directory where they are missing. */
  static async open(path: string): Promise<LogFile> {
    await Deno.mkdir(dirname(path), { recursive: true });
    const options = { append: true, create: true, mode: 0o640 };
    return new LogFile(path, await Deno.open(path, options));
  }

  /** Whether the path still leads to this file: somebody may have removed or moved it. */
  async isInPlace(): Promise<boolean> {
    try {
      return identity(await Deno.stat(this.path)) === this.#identity;
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
      // What cannot be synced, such as a device, was written all the same.
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

/** The permissions that writing, rotating and deleting log files takes. */
export function loggingPermissions(
  { log_path: path }: LoggingSettings,
): Pick<PermissionNeeds, "read" | "write"> {
  const directories = path === undefined ? [] : [path];
  return { read: directories, write: directories };
}
