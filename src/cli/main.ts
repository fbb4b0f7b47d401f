import { type ConfigIo, denoConfigIo } from "../config/load/config_io.ts";
import { type LoadedSettings, loadSettings } from "../config/load/load.ts";
import { problemReport, StartError } from "../config/load/start_error.ts";
import { parseCommandLine } from "./command_line.ts";
import { type Commands, commands as ours } from "./commands.ts";

/** Exit code of a command line or a configuration that cannot be used. */
const EXIT_USAGE = 2;

/** What {@linkcode main} needs besides its arguments. */
export interface Outside {
  /** The outside world of the settings. */
  readonly io?: ConfigIo;
  /** Prints to standard output. */
  readonly print?: (text: string) => void;
  /** Prints to standard error. */
  readonly printError?: (text: string) => void;
  /** The commands there are. */
  readonly commands?: Commands;
}

/**
 * Runs the command line and returns the exit code: 0 after help and version, 2 if arguments
 * or settings cannot be used, else what the command returns.
 */
export async function main(args: string[], outside: Outside = {}): Promise<number> {
  const { print = console.log, printError = console.error, commands = ours } = outside;
  const line = parseCommandLine(args, commands);
  switch (line.command) {
    case "help":
    case "version":
      print(line.text.trimEnd());
      return 0;
    case "invalid":
      printError(
        problemReport("command line", line.complaints, ["claude-proxy --help lists the flags"]),
      );
      return EXIT_USAGE;
    case "run": {
      const again = () => loadSettings(line.flags, outside.io ?? denoConfigIo());
      const loaded = await load(again);
      if (!("error" in loaded)) {
        return await commands[line.name]!.run(loaded, { json: line.json, reload: again });
      }
      printError(problemReport("settings", loaded.error.complaints, loaded.error.notes));
      return EXIT_USAGE;
    }
  }
}

async function load(
  action: () => Promise<LoadedSettings>,
): Promise<LoadedSettings | { error: StartError }> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof StartError) return { error };
    throw error;
  }
}
