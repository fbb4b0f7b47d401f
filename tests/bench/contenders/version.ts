import { findProgram, type NeededProgram } from "../../kit/process/programs.ts";

/**
 * What a program prints about its version, cut down to the number.
 *
 * @throws {Error} naming the command that installs it, where it is missing
 */
export async function programVersion(
  { program, install }: NeededProgram,
  args: string[],
): Promise<string> {
  if (findProgram(program) === undefined) {
    throw new Error(`${program} is not installed: ${install}`);
  }
  const { stdout, stderr } = await new Deno.Command(program, { args }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return /\d+\.\d[\w.+-]*/.exec(text)?.[0] ?? text.trim();
}

/**
 * Runs a command that installs something.
 *
 * @throws {Error} with the end of what it printed, when it fails
 */
export async function install(command: readonly string[], cwd: string): Promise<void> {
  const [program = "", ...args] = command;
  const output = await new Deno.Command(program, { args, cwd, stdin: "null" }).output()
    .catch((error) => {
      throw new Error(`cannot run ${program}: ${error.message}`);
    });
  if (output.success) return;
  const text = new TextDecoder().decode(output.stderr).trim().slice(-300);
  throw new Error(`${command.join(" ")} failed: ${text}`);
}
