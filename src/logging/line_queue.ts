import { within } from "../time/within.ts";

/** One formatted line, its line end included, and the time of what it tells. */
export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly text: string;
}

/** What a {@linkcode LineQueue} writes to, and what it tells its owner. */
export interface LineQueueOptions {
  /** Writes lines in order; when it rejects, exactly the same lines come again later. */
  readonly write: (lines: readonly LogLine[]) => Promise<void>;
  /** Whether two neighbours may go into one write. @default {always} */
  readonly together?: (a: LogLine, b: LogLine) => boolean;
  /** A line was dropped because the queue is full. */
  readonly onDrop: () => void;
  /** A write failed; it is tried again. */
  readonly onFailure?: (error: unknown) => void;
  /** Everything is written, after failures or drops. */
  readonly onRecovery?: () => void;
  /** Characters held back at most. @default {4 MiB} */
  readonly maxCharacters?: number;
  /** Milliseconds before a failed write is tried again. @default {1000} */
  readonly retryMs?: number;
}

const MAX_CHARACTERS = 4 * 2 ** 20;
const RETRY = 1000;
/** Characters of one write, unless a single line is longer. */
const BATCH_CHARACTERS = 2 ** 18;
/** Milliseconds between two reports of a trouble. */
const REPORT_INTERVAL = 60_000;

/**
 * Lines on their way to a slow or failing writer. One write at a time runs in the background; what
 * comes in meanwhile goes into the next. The queue is bounded, so a writer that stalls costs lines
 * and never the caller's time.
 */
export class LineQueue {
  readonly #options: LineQueueOptions;
  #lines: LogLine[] = [];
  #characters = 0;
  /** The beginning of `#lines` that failed to be written, and comes again. */
  #again: readonly LogLine[] | undefined;
  #writing: Promise<void> | undefined;
  #failed = false;
  /** Whether a write failed or a line was dropped since the queue was last empty. */
  #troubled = false;
  #closing = Promise.withResolvers<void>();
  #closed = false;

  constructor(options: LineQueueOptions) {
    this.#options = options;
  }

  /** Lines that are not written yet. */
  get length(): number {
    return this.#lines.length;
  }

  /** Takes a line, or drops it where the queue is full. */
  push(line: LogLine): void {
    const { maxCharacters = MAX_CHARACTERS, onDrop } = this.#options;
    if (this.#closed || this.#characters + line.text.length > maxCharacters) {
      this.#troubled = true;
      return onDrop();
    }
    this.#characters += line.text.length;
    this.#lines.push(line);
    this.#writing ??= this.#writeAll();
  }

  /**
   * Takes no more lines and writes those there are. After the deadline, or when a write fails now,
   * the rest is dropped.
   *
   * @param deadlineMs milliseconds to wait for a writer that stalls
   */
  async close(deadlineMs: number): Promise<void> {
    this.#closed = true;
    this.#failed = false; // One more try, whatever became of the last.
    this.#closing.resolve();
    if (this.#writing !== undefined) await within(deadlineMs, this.#writing);
    for (const _ of this.takeAll()) this.#options.onDrop();
  }

  /** Takes out every line that is not written yet. */
  takeAll(): readonly LogLine[] {
    const lines = this.#lines;
    this.#lines = [];
    this.#again = undefined;
    this.#characters = 0;
    return lines;
  }

  async #writeAll(): Promise<void> {
    await Promise.resolve(); // Lines of the same turn go into the first write.
    while (this.#lines.length > 0 && !(this.#closed && this.#failed)) await this.#writeSome();
    this.#writing = undefined;
  }

  async #writeSome(): Promise<void> {
    const batch = this.#again ?? this.#nextBatch();
    try {
      await this.#options.write(batch);
    } catch (error) {
      this.#failed = this.#troubled = true;
      this.#again = this.#lines[0] === batch[0] ? batch : undefined;
      this.#options.onFailure?.(error);
      await within(this.#options.retryMs ?? RETRY, this.#closing.promise);
      return;
    }
    this.#remove(batch);
    this.#again = undefined;
    this.#failed = false;
    if (!this.#troubled || this.#lines.length > 0) return;
    this.#troubled = false;
    this.#options.onRecovery?.();
  }

  #nextBatch(): readonly LogLine[] {
    const { together = () => true } = this.#options;
    let characters = 0;
    const first = this.#lines[0]!;
    const end = this.#lines.findIndex((line, index) => {
      characters += line.text.length;
      return index > 0 && (characters > BATCH_CHARACTERS || !together(first, line));
    });
    return end < 0 ? this.#lines.slice() : this.#lines.slice(0, end);
  }

  /** Nothing to remove where {@linkcode takeAll} came in between. */
  #remove(batch: readonly LogLine[]): void {
    if (this.#lines[0] !== batch[0]) return;
    this.#lines = this.#lines.slice(batch.length);
    for (const { text } of batch) this.#characters -= text.length;
  }
}

/** What a {@linkcode TroubleReport} is made with. */
export interface TroubleReportOptions {
  /** What is in trouble: `log files in /var/log/claude-proxy`. */
  readonly subject: string;
  /** Prints a line to standard error. */
  readonly print: (line: string) => void;
  /** Milliseconds on a clock that never jumps. */
  readonly elapsed: () => number;
  /** Writing works again, after so many lines were dropped. */
  readonly onRecovery?: (droppedLines: number) => void;
}

/** Tells on standard error of a log that cannot be written: at once, then once a minute at most. */
export class TroubleReport {
  readonly #options: TroubleReportOptions;
  #reportedAt = -Infinity;
  /** Whether the trouble that goes on was told of. */
  #told = false;
  #reason = "";
  #dropped = { total: 0, inThisTrouble: 0 };

  constructor(options: TroubleReportOptions) {
    this.#options = options;
  }

  /** Lines dropped since the start. */
  get droppedLines(): number {
    return this.#dropped.total;
  }

  /** A line was dropped. */
  dropped(): void {
    this.#dropped.total++;
    this.#dropped.inThisTrouble++;
    this.#tellIfDue();
  }

  /** Writing failed, and will be tried again. */
  failed(error: unknown): void {
    this.#reason = error instanceof Error ? error.message : String(error);
    this.#tellIfDue();
  }

  /** Writing works again. */
  recovered(): void {
    if (this.#told) this.#tell(`written again${this.#lost()}`);
    this.#options.onRecovery?.(this.#dropped.inThisTrouble);
    this.#told = false;
    this.#reason = "";
    this.#dropped.inThisTrouble = 0;
  }

  #tellIfDue(): void {
    const now = this.#options.elapsed();
    if (now - this.#reportedAt < REPORT_INTERVAL) return;
    this.#reportedAt = now;
    this.#told = true;
    this.#tell(
      `cannot be written: ${this.#reason || "the reader does not keep up"}${this.#lost()}`,
    );
  }

  #tell(what: string): void {
    this.#options.print(`claude-proxy: ${this.#options.subject}: ${what}`);
  }

  #lost(): string {
    const lost = this.#dropped.inThisTrouble;
    return lost === 0 ? "" : `; ${lost} ${lost === 1 ? "line" : "lines"} dropped so far`;
  }
}
