import { type ConfigIo, denoConfigIo } from "../config/load/config_io.ts";
import { loadSettings } from "../config/load/load.ts";
import { StartError } from "../config/load/start_error.ts";
import { stopLogging } from "../logging/logging.ts";
import { reportStartError } from "../supervisor/report_start_error.ts";
import { parseCommandLine } from "./command_line.ts";
import { type Commands, commands as ours } from "./commands.ts";

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
 * Runs the command line.
 *
 * @returns the exit code: 0 after help and version, that of a {@linkcode StartError}, which is told
 * here and nowhere else, or what the command returns
 */
export async function main(args: string[], outside: Outside = {}): Promise<number> {
  try {
    return await run(args, outside);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    reportStartError(error, outside.printError ?? console.error);
    return error.exitCode;
  } finally {
    await stopLogging();
  }
}

async function run(
  args: string[],
  { io = denoConfigIo(), print = console.log, commands = ours }: Outside,
): Promise<number> {
  const line = parseCommandLine(args, commands);
  switch (line.command) {
    case "help":
    case "version":
      print(line.text.trimEnd());
      return 0;
    case "invalid":
      throw new StartError(line.complaints, {
        what: "command line",
        notes: ["--help lists the flags"],
      });
    case "run": {
      const reload = () => loadSettings(line.flags, io);
      return await commands[line.name]!.run(await reload(), { json: line.json, reload });
    }
  }
}
