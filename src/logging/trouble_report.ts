/** Milliseconds between two reports. */
const INTERVAL = 60_000;

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
    if (now - this.#reportedAt < INTERVAL) return;
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
