import { type ConfigFile, isTable, type Table } from "./config_file.ts";
import type { Environment } from "./environment.ts";
import { nearest, suggestion } from "./nearest.ts";
import type { ListSection } from "../schema/row.ts";
import { type Setting, VARIABLE_PREFIX } from "../schema/setting.ts";

/**
 * One complaint for each key of the file that no row has, but for those inside `lists`. Values are
 * never repeated.
 */
export function unknownKeys(
  file: ConfigFile,
  settings: readonly Setting[],
  lists: readonly ListSection[] = [],
): string[] {
  const complaints: string[] = [];
  const listed = new Set(lists.map(({ name }) => name));
  for (const [key, value] of Object.entries(file.table)) {
    if (listed.has(key)) continue;
    if (!tableNames(settings).has(key)) {
      if (!topKeys(settings).has(key)) {
        complaints.push(unknownAtTop(file, key, settings, listed));
      }
    } else if (!isTable(value)) {
      complaints.push(`${at(file, [key])}: ${key}: expected a table, such as [${key}]`);
    } else complaints.push(...unknownInTable(file, [key], value, settings));
  }
  return complaints;
}

/**
 * One complaint for each variable that looks like ours and is not. Only the prefix with two
 * underscores counts: Kubernetes sets `CLAUDE_PROXY_PORT` for a service called claude-proxy.
 */
export function unknownVariables(
  environment: Environment,
  settings: readonly Setting[],
): string[] {
  const known = new Set(settings.map((setting) => setting.variable));
  return environment.names()
    .filter((name) => name.startsWith(VARIABLE_PREFIX) && !known.has(name))
    .map((name) => `${name}: unknown variable${suggestion(nearest(name, known))}`);
}

function unknownAtTop(
  file: ConfigFile,
  key: string,
  settings: readonly Setting[],
  listed: ReadonlySet<string>,
): string {
  const known = [...topKeys(settings), ...tableNames(settings), ...listed];
  const meant = nearest(key, known) ?? elsewhere(key, settings);
  return `${at(file, [key])}: unknown key ${show(key)}${suggestion(meant)}`;
}

function unknownInTable(
  file: ConfigFile,
  keys: readonly string[],
  table: Table,
  settings: readonly Setting[],
): string[] {
  const name = keys.join(".");
  const known = settings.filter(({ section }) => !section.top && section.name === name)
    .map((setting) => setting.row.key);
  const nested = [...tablePaths(settings)].filter((path) => path.startsWith(`${name}.`))
    .map((path) => path.slice(name.length + 1));
  return Object.entries(table).flatMap(([key, value]) => {
    if (known.includes(key)) return [];
    const line = at(file, [...keys, key]);
    if (!nested.includes(key)) {
      const meant = nearest(key, [...known, ...nested]) ?? elsewhere(key, settings);
      return [`${line}: unknown key ${show(key)} in [${name}]${suggestion(meant)}`];
    }
    if (isTable(value)) return unknownInTable(file, [...keys, key], value, settings);
    return [`${line}: ${name}.${key}: expected a table, such as [${name}.${key}]`];
  });
}

/** Where a key does belong that stands under the wrong table. */
function elsewhere(key: string, settings: readonly Setting[]): string | undefined {
  const found = settings.find((setting) => setting.row.key === key);
  if (!found) return undefined;
  return found.section.top
    ? `${key} above the first [table]`
    : `${key} under [${found.section.name}]`;
}

function topKeys(settings: readonly Setting[]): Set<string> {
  return new Set(settings.filter(({ section }) => section.top).map(({ row }) => row.key));
}

function tableNames(settings: readonly Setting[]): Set<string> {
  return new Set([...tablePaths(settings)].map((path) => path.split(".", 1)[0] ?? path));
}

function tablePaths(settings: readonly Setting[]): Set<string> {
  return new Set(settings.filter(({ section }) => !section.top).map(({ section }) => section.name));
}

function at(file: ConfigFile, keys: readonly string[]): string {
  return `${file.name}:${file.lineOf(keys)}`;
}

/** A key as it is, or quoted where it is no bare key. */
function show(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}
