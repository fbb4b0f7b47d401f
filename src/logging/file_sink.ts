import { LineQueue, type LogLine, type TroubleReport } from "./line_queue.ts";
import {
  deleteExpiredLogFiles,
  LogFile,
  logFileName,
  type Retention,
  type Rotation,
} from "./log_files.ts";

/** Milliseconds until the disk is asked to take what was written. */
const SYNC_AFTER = 500;

/** Characters held back at most: a disk that is busy, with a sync too, may stall for seconds. */
const MAX_CHARACTERS = 16 * 2 ** 20;

/** Where lines are kept. */
export interface FileSinkOptions extends Retention {
  readonly directory: string;
  /** Beginning of the files' names. */
  readonly prefix: string;
  readonly rotation: Rotation;
  /** Bytes of a file, above which a further part of it begins; `undefined` for no limit. */
  readonly maxSize?: number | undefined;
  /** Hears of failures and of dropped lines. */
  readonly trouble: TroubleReport;
  /** Characters held back at most. @default {16 MiB} */
  readonly maxCharacters?: number;
  /** Milliseconds before a failed write is tried again. @default {1000} */
  readonly retryMs?: number;
}

/**
 * Log files, a new one for each hour or day. A line goes into the file of its own time, however late
 * it is written. Writing happens in the background; a disk that is full or gone costs lines once the
 * queue is full, and as soon as it takes lines again, it gets them.
 */
export class FileSink {
  readonly #options: FileSinkOptions;
  readonly #queue: LineQueue;
  #file: LogFile | undefined;
  /** What a failed write left over of the lines that come again. */
  #rest: Uint8Array | undefined;
  #syncTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: FileSinkOptions) {
    this.#options = options;
    const { trouble, maxCharacters = MAX_CHARACTERS, retryMs } = options;
    this.#queue = new LineQueue({
      write: (lines) => this.#write(lines),
      together: (a, b) => this.#nameFor(a) === this.#nameFor(b),
      onDrop: () => trouble.dropped(),
      onFailure: (error) => trouble.failed(error),
      onRecovery: () => trouble.recovered(),
      maxCharacters,
      ...(retryMs !== undefined && { retryMs }),
    });
  }

  /** Lines that are not written yet. */
  get length(): number {
    return this.#queue.length;
  }

  /** Takes a line. It is in its file within a second, unless the disk refuses it. */
  push(line: LogLine): void {
    this.#queue.push(line);
  }

  /** Writes what is left, has the disk take it, and closes the file. */
  async close(deadlineMs: number): Promise<void> {
    await this.#queue.close(deadlineMs);
    clearTimeout(this.#syncTimer);
    await this.#file?.close();
    this.#file = undefined;
  }

  /** Writes what is left at once, for a process that ends without a last turn. */
  writeSync(): void {
    const lines = this.#queue.takeAll();
    if (lines.length === 0 || this.#file === undefined) return;
    try {
      this.#file.appendSync(encode(lines));
    } catch {
      // Nobody is left who could be told.
    }
  }

  async #write(lines: readonly LogLine[]): Promise<void> {
    let bytes = this.#rest ?? encode(lines);
    const file = await this.#fileFor(lines[0]!, bytes.length);
    try {
      while (bytes.length > 0) bytes = bytes.subarray(await file.append(bytes));
      this.#rest = undefined;
    } catch (error) {
      this.#rest = bytes;
      throw error;
    }
    this.#syncTimer ??= setTimeout(() => this.#sync(), SYNC_AFTER);
  }

  /** The file of a line's time that has room; what is left of a torn line goes where it began. */
  async #fileFor(line: LogLine, room: number): Promise<LogFile> {
    const { directory, maxSize = Infinity } = this.#options;
    const name = this.#nameFor(line);
    const before = this.#file;
    const fits = this.#rest !== undefined || before?.hasRoom(room, maxSize) === true;
    if (before?.name === name && fits && await before.isInPlace()) return before;
    await before?.close();
    this.#file = undefined;
    const file = this.#file = await LogFile.open(directory, name, { room, maxSize });
    if (before?.path !== file.path) await this.#prune(line.timestamp);
    return file;
  }

  #nameFor({ timestamp }: LogLine): string {
    return logFileName(this.#options.prefix, this.#options.rotation, timestamp);
  }

  /** Old files that cannot be deleted must not stop new lines. */
  async #prune(now: number): Promise<void> {
    const { directory, prefix, trouble } = this.#options;
    try {
      await deleteExpiredLogFiles(directory, prefix, this.#options, now);
    } catch (error) {
      trouble.failed(error);
    }
  }

  async #sync(): Promise<void> {
    this.#syncTimer = undefined;
    await this.#file?.sync();
  }
}

function encode(lines: readonly LogLine[]): Uint8Array {
  return new TextEncoder().encode(lines.map(({ text }) => text).join(""));
}
