import { Command, type Help, Option } from "commander";
import { CONFIG_FILE_VARIABLE } from "../config/load/discovery.ts";
import { allSettings, type NamedSetting } from "../config/schema/placed_setting.ts";
import { defaultText, describe } from "../config/schema/describe.ts";
import deno from "../../deno.json" with { type: "json" };
import type { Commands } from "./commands.ts";

/** Least width, in characters, at which what a flag does stands beside the flag, and not below it. */
const TWO_COLUMNS = 100;
const INDENT = 8;

/**
 * The commander program for our flags. It prints to `write`, never exits, and reads no
 * environment variable: it would look some up to decide about colours, which prompts.
 *
 * @param width of `--help`, in characters
 */
export function createProgram(
  commands: Commands,
  write: (text: string) => void,
  width: number,
): Command {
  const program = new Command("claude-proxy")
    .description("A reverse proxy that gives Claude and OpenAI clients upstream credentials.")
    .argument("[command]", Object.keys(commands).join(", "))
    .version(deno.version, "--version", "Print the version")
    .helpOption("-h, --help", "Print this help")
    .allowUnknownOption()
    .allowExcessArguments()
    .exitOverride()
    .configureOutput({
      writeOut: write,
      writeErr: () => {},
      getOutHelpWidth: () => width,
      getErrHelpWidth: () => width,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp(width < TWO_COLUMNS ? { formatItem: stacked } : {});
  for (const option of generalOptions(commands)) program.addOption(option);
  for (const setting of allSettings()) {
    for (const option of settingOptions(setting)) program.addOption(option);
  }
  return program.addHelpText("after", helpFooter(commands, program.createHelp(), width));
}

/** An item with what it does in the lines below it. */
function stacked(term: string, _termWidth: number, description: string, help: Help): string {
  const width = (help.helpWidth ?? TWO_COLUMNS) - INDENT;
  return `  ${term}\n${help.boxWrap(description, width).replace(/^/gm, " ".repeat(INDENT))}`;
}

function generalOptions(commands: Commands): Option[] {
  const doc = `Configuration file [${CONFIG_FILE_VARIABLE}] (default: see below)`;
  const options = [new Option("-c, --config <FILE>", doc)];
  const withJson = Object.keys(commands).filter((name) => commands[name]?.json);
  if (withJson.length > 0) {
    options.push(new Option("--json", `Print JSON (${withJson.join(", ")})`));
  }
  return options;
}

function settingOptions(placed: NamedSetting): Option[] {
  const { section, setting, variable } = placed;
  const group = `${section.title}:`;
  const options: Option[] = [];
  if (setting.flag) {
    const doc = `${describe(placed)}\n[${variable}] (${defaultText(setting)})`;
    options.push(new Option(setting.flag, doc).helpGroup(group));
  }
  if (setting.shorthand) {
    options.push(new Option(setting.shorthand.flag, setting.shorthand.doc).helpGroup(group));
  }
  return options;
}

function helpFooter(commands: Commands, help: Help, width: number): string {
  help.prepareContext({ helpWidth: width });
  const list = Object.entries(commands)
    .map(([name, { doc }]) => help.formatItem(name, NAME_WIDTH, doc, help));
  return `\nCommands:\n${list.join("\n")}\n\n${help.boxWrap(SOURCES, width)}`;
}

const NAME_WIDTH = 12;

const SOURCES =
  "Each setting is taken from its flag, else its [VARIABLE], else the configuration " +
  "file, else its default. The file is --config, else CLAUDE_PROXY_CONFIG_FILE, else the first of " +
  "config.toml, ~/.config/claude-proxy/config.toml and ~/.claude-proxy.toml.";
