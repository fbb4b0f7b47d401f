/** How a {@linkcode StartError} differs from a fault of the settings. */
export interface StartErrorOptions {
  /** What may explain a complaint: places that could not be read. @default [] */
  readonly notes?: readonly string[];
  /** Exit code of the process: 2 where settings or arguments have to change. @default 2 */
  readonly exitCode?: number;
  /** What the complaints are about, as a report names it. @default "settings" */
  readonly what?: string;
}

/** The program cannot start. Holds every complaint at once, and no secret. */
export class StartError extends Error {
  override readonly name = "StartError";
  /** What may explain a complaint. */
  readonly notes: readonly string[];
  /** Exit code of the process. */
  readonly exitCode: number;
  /** What the complaints are about: `settings`, `command line`. */
  readonly what: string;

  /** @param complaints One line each, with its source: `config.toml:3: port: expected …` */
  constructor(readonly complaints: readonly string[], options: StartErrorOptions = {}) {
    super(complaints.join("\n"));
    this.notes = options.notes ?? [];
    this.exitCode = options.exitCode ?? 2;
    this.what = options.what ?? "settings";
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
