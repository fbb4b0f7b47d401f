import { defaultText, describe } from "../../src/config/schema/describe.ts";
import {
  allSections,
  type PlacedSection,
  type PlacedSetting,
  settingsOf,
} from "../../src/config/schema/placed_setting.ts";
import { type Section, sections, type Setting } from "../../src/config/schema/settings.ts";
import { pathOf } from "../../src/config/schema/toml_value.ts";

const HEADINGS = ["TOML key", "Flag", "Environment variable", "What it does", "Default"];
const LIST_HEADINGS = ["TOML key", "What it does", "Default"];

/** A section's settings as a Markdown table, aligned as `deno fmt` aligns it. */
export function readmeTable(place: PlacedSection): string {
  const rows = [
    place.root.list ? LIST_HEADINGS : HEADINGS,
    ...settingsOf(place).map(place.root.list ? listCells : cells),
  ];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (row: readonly string[], filler: string) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0, filler)).join(" | ")} |`;
  const [headings = [], ...body] = rows;
  return [headings, headings.map(() => ""), ...body]
    .map((row, index) => line(row, index === 1 ? "-" : " ")).join("\n");
}

/**
 * Puts each section's table between its markers, `<!-- settings:NAME -->` and
 * `<!-- /settings:NAME -->`.
 *
 * @throws {Error} naming the first section whose markers the text lacks
 */
export function withTables(readme: string, of: readonly Section[] = sections): string {
  return allSections(of).reduce((text, place) => {
    const name = markerOf(place);
    const [begin, end] = [`<!-- settings:${name} -->`, `<!-- /settings:${name} -->`];
    const [start, stop] = [text.indexOf(begin), text.indexOf(end)];
    if (start < 0 || stop < start) throw new Error(`Expected the markers ${begin} and ${end}`);
    return `${text.slice(0, start)}${begin}\n\n${readmeTable(place)}\n\n${text.slice(stop)}`;
  }, readme);
}

/** Name in a section's markers: its path, or its name where it has none. */
export function markerOf({ section, keys }: PlacedSection): string {
  return pathOf(keys) || section.name;
}

function cells(placed: PlacedSetting): string[] {
  const { setting, path, variable } = placed;
  return [
    code(path),
    setting.flag ? code(setting.flag) : "-",
    code(variable ?? ""),
    describe(placed),
    fallback(setting),
  ].map(escaped);
}

/** In a list the key as it stands in one of its tables. */
function listCells(placed: PlacedSetting): string[] {
  const { keys, setting } = placed;
  return [code(pathOf(keys.slice(1))), describe(placed), fallback(setting)].map(escaped);
}

function fallback(setting: Setting): string {
  const text = defaultText(setting).replace(/^default: /, "");
  const { required, inherits, default: value, defaultName } = setting;
  const isWords = required || defaultName !== undefined || (inherits ?? value) === undefined;
  return isWords ? text : code(text);
}

function code(text: string): string {
  return `\`${text}\``;
}

function escaped(cell: string): string {
  return cell.replaceAll("|", "\\|");
}
