import { defaultText, describe } from "./describe.ts";
import type { Section } from "./row.ts";
import { type Setting, settingsOf } from "./setting.ts";
import { sections } from "./table/mod.ts";

const HEADINGS = ["TOML key", "Flag", "Environment variable", "What it does", "Default"];

/** A section's settings as a Markdown table, aligned as `deno fmt` aligns it. */
export function readmeTable(section: Section): string {
  const rows = [HEADINGS, ...settingsOf(section).map(cells)];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (row: readonly string[], filler: string) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0, filler)).join(" | ")} |`;
  const [headings = [], ...body] = rows.map((row) => line(row, " "));
  return [headings, line(HEADINGS.map(() => ""), "-"), ...body].join("\n");
}

/**
 * Puts each section's table between its markers, `<!-- settings:NAME -->` and
 * `<!-- /settings:NAME -->`.
 *
 * @throws {Error} naming the first section whose markers the text lacks
 */
export function withTables(readme: string, of: readonly Section[] = sections): string {
  return of.reduce((text, section) => {
    const [begin, end] = [
      `<!-- settings:${section.name} -->`,
      `<!-- /settings:${section.name} -->`,
    ];
    const [start, stop] = [text.indexOf(begin), text.indexOf(end)];
    if (start < 0 || stop < start) throw new Error(`Expected the markers ${begin} and ${end}`);
    return `${text.slice(0, start)}${begin}\n\n${readmeTable(section)}\n\n${text.slice(stop)}`;
  }, readme);
}

function cells(setting: Setting): string[] {
  const { row, path, variable } = setting;
  const fallback = defaultText(row).replace(/^default: /, "");
  const isWord = row.required || row.default === undefined;
  return [
    code(path),
    row.flag ? code(row.flag) : "-",
    code(variable),
    describe(setting),
    isWord ? fallback : code(fallback),
  ].map((cell) => cell.replaceAll("|", "\\|"));
}

function code(text: string): string {
  return `\`${text}\``;
}
