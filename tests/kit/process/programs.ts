import { delimiter, join } from "node:path";

/** A program a test needs, and how a developer gets it. */
export interface NeededProgram {
  program: string;
  /** The command that installs it, shown where it is missing. */
  install: string;
}

/** A test that runs where its programs are installed. */
export interface ProgramTest {
  name: string;
  needs: NeededProgram[];
  fn: (t: Deno.TestContext) => void | Promise<void>;
}

/** The path of a program, or undefined where no directory of `path` has it. */
export function findProgram(
  name: string,
  path: string = Deno.env.get("PATH") ?? "",
): string | undefined {
  return path.split(delimiter).filter(Boolean).map((directory) => join(directory, name)).find(
    isExecutable,
  );
}

/**
 * Registers a test that is skipped, with the reason in its name, where a program is missing.
 *
 * @param register What registers it. @default {Deno.test}
 */
export function programTest(
  test: ProgramTest,
  register: (definition: Deno.TestDefinition) => void = Deno.test,
): void {
  const missing = test.needs.filter(({ program }) => findProgram(program) === undefined);
  const reasons = missing.map(({ program, install }) => `needs ${program}, ${install}`);
  const ignore = missing.length > 0;
  const name = ignore ? `${test.name} (skipped: ${reasons.join("; ")})` : test.name;
  register({ name, ignore, fn: test.fn });
}

function isExecutable(file: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(file);
    return isFile && (mode === null || (mode & 0o111) !== 0);
  } catch {
    return false;
  }
}
