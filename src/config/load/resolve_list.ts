import type { Inputs } from "./candidate.ts";
import { type ConfigFile, isTable, type Table } from "./config_file.ts";
import { wrongExpansion, wrongValue } from "./complaint.ts";
import { expand } from "./expand.ts";
import { nearest, suggestion } from "./nearest.ts";
import type { ListSection, Row } from "../schema/row.ts";
import type { Setting } from "../schema/setting.ts";
import type { Source } from "./source.ts";

/** What resolving a list gathers; useful only if there are no complaints. */
export interface ListResolution {
  /** One object for each table of the file, in its order. */
  readonly elements: readonly Readonly<Record<string, unknown>>[];
  readonly source: Source;
  readonly complaints: readonly string[];
}

/** Checks every table of a list section. Only the file can give one. */
export function resolveList(list: ListSection, { file, environment }: Inputs): ListResolution {
  const tables = file?.table[list.name];
  if (file === undefined || tables === undefined) {
    return { elements: [], source: { from: "default" }, complaints: [] };
  }
  const source: Source = { from: "file", file: file.name, line: file.lineOf([list.name]) };
  if (!Array.isArray(tables) || !tables.every(isTable)) {
    const complaint = `${place(file, [list.name])}: ${list.name}: expected tables, each under ` +
      `[[${list.name}]]`;
    return { elements: [], source, complaints: [complaint] };
  }
  const elements = tables.map((table, index) => {
    const reader = { list, file, index, table, lookup: environment.lookup.bind(environment) };
    return resolveElement(reader);
  });
  return {
    elements: elements.map(({ values }) => values),
    source,
    complaints: elements.flatMap(({ complaints }) => complaints),
  };
}

interface Element {
  readonly list: ListSection;
  readonly file: ConfigFile;
  readonly index: number;
  readonly table: Table;
  readonly lookup: Parameters<typeof expand>[1];
}

function resolveElement(element: Element): { values: Table; complaints: string[] } {
  const values: Record<string, unknown> = {};
  const complaints = unknownKeys(element);
  for (const row of element.list.rows) {
    const checked = resolveRow(element, row);
    complaints.push(...checked.complaints);
    if (checked.value !== undefined) values[row.key] = checked.value;
  }
  return { values, complaints };
}

function resolveRow(element: Element, row: Row): { value?: unknown; complaints: string[] } {
  const { list, file, index, table, lookup } = element;
  const raw = Object.hasOwn(table, row.key) ? table[row.key] : row.default;
  const path = `${list.name}[${index}].${row.key}`;
  if (raw === undefined) {
    const missing = `${place(file, [list.name, index])}: ${path} is not set`;
    return { complaints: row.required ? [missing] : [] };
  }
  const keys = [list.name, index, row.key];
  const source: Source = { from: "file", file: file.name, line: file.lineOf(keys) };
  const { value, changed, problems } = expand(raw, lookup);
  const setting = settingOf(list, row, path);
  const candidate = { source, value, problems, ...(changed && { raw }) };
  if (problems.length > 0) {
    return { complaints: problems.map((problem) => wrongExpansion(setting, candidate, problem)) };
  }
  const checked = row.kind.check(value);
  if (checked.ok) return { value: checked.value, complaints: [] };
  return { complaints: [wrongValue(setting, candidate, checked.message)] };
}

/** What messages need to know of a row; there is neither a flag nor a variable. */
function settingOf({ name, title, rows }: ListSection, row: Row, path: string): Setting {
  const section = { name, title, rows };
  return { section, row, path, keys: [path], variable: "", flag: undefined, variants: undefined };
}

function unknownKeys({ list, file, index, table }: Element): string[] {
  const known = list.rows.map(({ key }) => key);
  return Object.keys(table).filter((key) => !known.includes(key)).map((key) =>
    `${place(file, [list.name, index, key])}: unknown key ${JSON.stringify(key)} in ` +
    `[[${list.name}]]${suggestion(nearest(key, known))}`
  );
}

function place(file: ConfigFile, keys: readonly (string | number)[]): string {
  return `${file.name}:${file.lineOf(keys)}`;
}
