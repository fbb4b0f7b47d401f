/** How a {@linkcode StartError} differs from a fault of the settings. */
export interface StartErrorOptions {
  /** What may explain a complaint: places that could not be read. @default [] */
  readonly notes?: readonly string[];
  /**
   * Exit code of the process: 2 where settings, arguments or permissions have to change, 1 where what
   * they name cannot be had, as a port that is taken.
   *
   * @default 2
   */
  readonly exitCode?: number;
  /**
   * What the complaints are about, as the heading over them names it; `null` for complaints that
   * need no heading.
   *
   * @default "settings"
   */
  readonly what?: string | null;
  /** What a line in the log tells besides the complaint. @default {} */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/**
 * The program cannot start: the one way to say so, whatever stands in the way. Holds every complaint
 * at once, and no secret.
 *
 * Who throws it reports nothing and cleans up nothing but what it opened itself. It is caught where the
 * program begins, `cli/main.ts` or `edge/edge_entry.ts`, and told there, once: under a heading on
 * standard error while nothing is logged yet, from then on as lines at level error in the log, where
 * the one who runs a service looks. Then the program ends with its exit code. Only what is no start
 * catches it elsewhere: a reload, which leaves everything as it was, and the command `check`.
 */
export class StartError extends Error {
  override readonly name = "StartError";
  /** What may explain a complaint. */
  readonly notes: readonly string[];
  /** Exit code of the process. */
  readonly exitCode: number;
  /** What the complaints are about: `settings`, `command line`; `null` where no heading says so. */
  readonly what: string | null;
  /** What a line in the log tells besides the complaint. */
  readonly fields: Readonly<Record<string, unknown>>;

  /** @param complaints One line each, with its source: `config.toml:3: port: expected …` */
  constructor(readonly complaints: readonly string[], options: StartErrorOptions = {}) {
    super(complaints.join("\n"));
    this.notes = options.notes ?? [];
    this.exitCode = options.exitCode ?? 2;
    this.what = options.what === undefined ? "settings" : options.what;
    this.fields = options.fields ?? {};
  }
}

/**
 * Everything that is wrong, one line each, under a heading: `2 problems with the settings:`.
 *
 * @param what what the problems are with
 */
export function problemReport(
  what: string,
  complaints: readonly string[],
  notes: readonly string[],
): string {
  const problems = complaints.length === 1 ? "problem" : "problems";
  return [
    `${complaints.length} ${problems} with the ${what}:`,
    ...complaints.map((complaint) => `  ${complaint}`),
    ...notes.map((note) => `Note: ${note}`),
  ].join("\n");
}
