import { parse, TomlError } from "smol-toml";
import type { Keys, Table } from "../schema/toml_value.ts";
import type { FoundFile } from "./discovery.ts";
import { StartError } from "./start_error.ts";
import { locateKeys, type TomlLines } from "./toml_lines.ts";

/** A configuration file that was read and parsed. */
export interface TomlFile {
  /** The file as messages name it. */
  readonly name: string;
  /** Its whole path. */
  readonly path: string;
  /** Its keys and values, not yet expanded. */
  readonly table: Table;
  /** Line of a key, or of the nearest table around it. */
  lineOf(keys: Keys): number;
}

/**
 * Parses a file's bytes.
 *
 * @throws {StartError} naming line, column and what is wrong, without the text there:
 * it may hold a key
 */
export function parseTomlFile({ name, path, bytes }: FoundFile): TomlFile {
  const text = decode(name, bytes);
  const table = parseToml(name, text);
  const lines = locateKeys(text);
  return { name, path, table, lineOf: (keys) => nearestLine(lines, keys) };
}

function decode(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new StartError([`${name}: expected UTF-8 text, which TOML requires`]);
  }
}

function parseToml(name: string, text: string): Table {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new StartError([`${name}:${error.line}:${error.column}: ${reason(error, text)}`]);
  }
}

/** First line of the message: a picture of the document follows it. */
function reason(error: TomlError, text: string): string {
  const first = error.message.split("\n", 1)[0] ?? "";
  const reason = first.replace(/^Invalid TOML document: /, "");
  if (reason.startsWith("trying to redefine")) return "this key or table is given twice";
  const line = text.split("\n")[error.line - 1]?.trimEnd() ?? "";
  const isAtEnd = error.column > line.length;
  if (isAtEnd && reason.startsWith("control characters")) return `not valid TOML: ${UNCLOSED}`;
  return `not valid TOML: ${reason === "invalid value" ? EXPECTED_VALUE : reason}`;
}

/** Text without its quotes is the commonest of all mistakes. */
const EXPECTED_VALUE =
  'expected a value: text in "quotes", a number, true, false, a list or a table';

const UNCLOSED = "expected the quote that closes the text before the line ends";

function nearestLine(lines: TomlLines, keys: Keys): number {
  for (let length = keys.length; length > 0; length--) {
    const line = lines.lineOf(keys.slice(0, length));
    if (line !== undefined) return line;
  }
  return 1;
}
