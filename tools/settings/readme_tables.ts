import { defaultText, describe, describeRow } from "../../src/config/schema/describe.ts";
import type { ListSection, Row, Section } from "../../src/config/schema/row.ts";
import { type Setting, settingsOf } from "../../src/config/schema/setting.ts";
import { lists, sections } from "../../src/config/schema/sections.ts";

const HEADINGS = ["TOML key", "Flag", "Environment variable", "What it does", "Default"];
const LIST_HEADINGS = ["TOML key", "What it does", "Default"];

/** A section's settings as a Markdown table, aligned as `deno fmt` aligns it. */
export function readmeTable(section: Section): string {
  return markdownTable(HEADINGS, settingsOf(section).map(cells));
}

/** The rows of a list of tables as a Markdown table. */
export function readmeListTable({ rows }: ListSection): string {
  return markdownTable(LIST_HEADINGS, rows.map(listCells));
}

function markdownTable(titles: readonly string[], cells: readonly string[][]): string {
  const rows = [titles, ...cells];
  const widths = titles.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (row: readonly string[], filler: string) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0, filler)).join(" | ")} |`;
  const [headings = [], ...body] = rows.map((row) => line(row, " "));
  return [headings, line(titles.map(() => ""), "-"), ...body].join("\n");
}

/**
 * Puts each section's table between its markers, `<!-- settings:NAME -->` and
 * `<!-- /settings:NAME -->`.
 *
 * @throws {Error} naming the first section whose markers the text lacks
 */
export function withTables(
  readme: string,
  of: readonly Section[] = sections,
  listsOf: readonly ListSection[] = lists,
): string {
  const tables: [name: string, table: string][] = [
    ...of.map((section): [string, string] => [section.name, readmeTable(section)]),
    ...listsOf.map((list): [string, string] => [list.name, readmeListTable(list)]),
  ];
  return tables.reduce((text, [name, table]) => {
    const [begin, end] = [`<!-- settings:${name} -->`, `<!-- /settings:${name} -->`];
    const [start, stop] = [text.indexOf(begin), text.indexOf(end)];
    if (start < 0 || stop < start) throw new Error(`Expected the markers ${begin} and ${end}`);
    return `${text.slice(0, start)}${begin}\n\n${table}\n\n${text.slice(stop)}`;
  }, readme);
}

function cells(setting: Setting): string[] {
  const { row, path, variable } = setting;
  return [
    code(path),
    row.flag ? code(row.flag) : "-",
    code(variable),
    describe(setting),
    fallback(row),
  ].map((cell) => cell.replaceAll("|", "\\|"));
}

function listCells(row: Row): string[] {
  return [code(row.key), describeRow(row), fallback(row)];
}

function fallback(row: Row): string {
  const text = defaultText(row).replace(/^default: /, "");
  return row.required || row.default === undefined ? text : code(text);
}

function code(text: string): string {
  return `\`${text}\``;
}
