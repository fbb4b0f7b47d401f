import { CommanderError, type Option } from "commander";
import type { FlagValue, ParsedFlags } from "../config/load/source.ts";
import { nearest, suggestion } from "../config/load/nearest.ts";
import { allSettings } from "../config/schema/placed_setting.ts";
import { type Commands, commands as ours, DEFAULT_COMMAND } from "./commands.ts";
import { createProgram } from "./program.ts";

/** What the command line asks for. */
export type CommandLine =
  | { readonly command: "help" | "version"; readonly text: string }
  | { readonly command: "invalid"; readonly complaints: readonly string[] }
  | {
    readonly command: "run";
    readonly name: string;
    readonly flags: ParsedFlags;
    readonly json: boolean;
  };

type Program = ReturnType<typeof createProgram>;

/** Width of `--help` where no terminal has one, in characters. */
const HELP_WIDTH = 80;

/**
 * Reads the arguments. It neither prints nor exits, and repeats no value that may be a secret.
 *
 * @param width of `--help`, in characters @default {the terminal's, or 80}
 */
export function parseCommandLine(
  args: readonly string[],
  commands: Commands = ours,
  width: number = terminalWidth(),
): CommandLine {
  let text = "";
  const program = createProgram(commands, (part) => (text += part), width);
  const times = new Map<Option, number>();
  for (const option of program.options) {
    program.on(`option:${option.name()}`, () => times.set(option, (times.get(option) ?? 0) + 1));
  }
  try {
    program.parse(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return outcome(error, text);
    throw error;
  }
  const repeated = program.options.filter((option) =>
    option.required && (times.get(option) ?? 0) > 1
  );
  return interpret(program, commands, repeated.map(givenTwice));
}

/** A terminal that has not been told its size has 0 columns. */
function terminalWidth(): number {
  return Deno.stdout.isTerminal() && Deno.consoleSize().columns || HELP_WIDTH;
}

function outcome(error: CommanderError, text: string): CommandLine {
  if (error.code === "commander.helpDisplayed") return { command: "help", text };
  if (error.code === "commander.version") return { command: "version", text };
  const [flag] = /--[a-z0-9-]+/.exec(error.message) ?? [];
  if (error.code === "commander.optionMissingArgument" && flag !== undefined) {
    return { command: "invalid", complaints: [`${flag}: expected a value behind it, got none`] };
  }
  return { command: "invalid", complaints: [error.message.replace(/^error: /, "")] };
}

/** A flag whose last value would win in silence. */
function givenTwice({ long }: Option): string {
  const kind = allSettings().find(({ flag }) => flag === long)?.setting.kind;
  const list = Array.isArray(kind?.fromText("a"))
    ? "; separate its values by commas"
    : Array.isArray(kind?.fromText("[]"))
    ? '; several values are a list: ["…", "…"]'
    : "";
  return `${long} is given twice, expected once${list}`;
}

/** @param repeated complaints about flags that are given twice */
function interpret(
  program: Program,
  commands: Commands,
  repeated: readonly string[],
): CommandLine {
  const { operands, unknown } = split(program.args);
  const name = operands[0] ?? DEFAULT_COMMAND;
  const json = program.getOptionValue("json") === true;
  const complaints = [...unknown.map((flag) => unknownFlag(flag, program)), ...repeated];
  if (!Object.hasOwn(commands, name)) complaints.push(unknownCommand(name, commands));
  else if (json && !commands[name]?.json) complaints.push(`${name} does not take --json`);
  if (operands.length > 1) {
    complaints.push(`expected one command and no more, got ${operands.length} arguments`);
  }
  if (complaints.length > 0) return { command: "invalid", complaints };
  return { command: "run", name, flags: settingsFlags(program), json };
}

/** What commander did not recognise; the word after an unknown flag is taken for its value. */
function split(args: readonly string[]): { operands: string[]; unknown: string[] } {
  const isFlag = (arg: string | undefined) => arg !== undefined && /^-./.test(arg);
  const takesNext = (arg: string | undefined) => isFlag(arg) && !arg?.includes("=");
  return {
    unknown: args.filter(isFlag),
    operands: args.filter((arg, index) => !isFlag(arg) && !takesNext(args[index - 1])),
  };
}

/** Names the flag without its value, which may be a key. */
function unknownFlag(arg: string, program: Program): string {
  const flag = arg.split("=", 1)[0] ?? "";
  const names = program.options.flatMap((option) => option.long?.slice(2) ?? []);
  const name = flag.replace(/^-+/, "");
  if (names.includes(name)) return `--${name} takes no value`;
  const begun = secretFlags().find((secret) =>
    flag.length > secret.length + 2 && flag.startsWith(secret)
  );
  if (begun) {
    return `unknown flag that begins with ${begun}: expected a blank or = before the value`;
  }
  const meant = nearest(name, names);
  const shown = meant || flag.startsWith("--") ? flag : flag.slice(0, 2);
  return `unknown flag ${shown}${suggestion(meant && `--${meant}`)}`;
}

/** Flags whose values are secrets, the longest first. */
function secretFlags(): string[] {
  return allSettings().flatMap(({ flag, setting }) => flag && setting.secret ? [flag] : [])
    .toSorted((a, b) => b.length - a.length);
}

/** A word like no command may be anything, even a key that lost its flag: it is not repeated. */
function unknownCommand(name: string, commands: Commands): string {
  const names = Object.keys(commands);
  const meant = nearest(name, names);
  if (meant) return `unknown command ${name}; did you mean ${meant}?`;
  return `unknown command: expected ${names.join(", ")} or a flag`;
}

function settingsFlags(program: Program): ParsedFlags {
  const values = new Map<string, FlagValue>();
  for (const { path, flag, setting } of allSettings()) {
    const short = setting.shorthand && longFlag(setting.shorthand.flag);
    const text = flag && given(program, flag);
    if (flag && typeof text === "string") values.set(path, { flag, text });
    else if (short && given(program, short) === true) {
      values.set(path, { flag: short, text: setting.shorthand?.value ?? "" });
    }
  }
  const config = given(program, "--config");
  return { values, ...(typeof config === "string" && { config }) };
}

function given(program: Program, flag: string): unknown {
  const option = program.options.find((option) => option.long === flag);
  return option && program.getOptionValue(option.attributeName());
}

function longFlag(flags: string): string | undefined {
  return /--[a-z0-9-]+/.exec(flags)?.[0];
}
