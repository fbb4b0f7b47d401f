import { dirname } from "node:path";

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
