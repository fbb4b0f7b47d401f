import {
  allSettings,
  type NamedSetting,
  nestedIn,
  type PlacedSection,
  settingsOf,
  VARIABLE_PREFIX,
} from "../schema/placed_setting.ts";
import type { Section } from "../schema/setting.ts";
import { isTable, keyText, pathOf, type Table, tablesAt } from "../schema/toml_value.ts";
import { headerOf } from "./complaint.ts";
import type { Environment } from "./config_io.ts";
import { CONFIG_FILE_VARIABLE } from "./discovery.ts";
import { nearest, suggestion } from "./nearest.ts";
import type { TomlFile } from "./toml_file.ts";

/**
 * One complaint for each key of the file that the schema does not have, or that is no table where it
 * has one. Values are never repeated.
 */
export function unknownKeys(file: TomlFile, sections: readonly Section[]): string[] {
  const tables = sections.filter(({ top }) => !top)
    .map((root) => ({ section: root, root, keys: [root.name] }));
  const settings = allSettings(sections);
  const top = settings.filter(({ root }) => root.top).map(({ setting }) => setting.key);
  return new Search(file, settings).in(file.table, { keys: [], known: top, tables });
}

/** What Kubernetes sets in `CLAUDE_PROXY_PORT`, for a service called claude-proxy. */
const KUBERNETES_VALUE = /^(?:tcp|udp|sctp):\/\//;

/**
 * One complaint for each variable that looks like ours and is not: it has our prefix, or would be a
 * setting's if it had two underscores where it has one. The latter are looked for by name, since most
 * permissions do not let us list the variables.
 */
export function unknownVariables(
  environment: Environment,
  settings: readonly NamedSetting[],
): string[] {
  const known = new Set([...settings.map(({ variable }) => variable), CONFIG_FILE_VARIABLE]);
  const meant = new Map([...known].map((name) => [withSingleUnderscores(name), name]));
  const names = new Set([...environment.names(), ...meant.keys()]);
  return [...names].filter((name) => !known.has(name)).flatMap((name) => {
    if (name.startsWith(VARIABLE_PREFIX)) {
      return `${name}: unknown variable${suggestion(nearest(name, known))}`;
    }
    const setting = meant.get(withSingleUnderscores(name));
    const value = setting && environment.peek(name);
    if (value === undefined || KUBERNETES_VALUE.test(value)) return [];
    return `${name}: unknown variable${suggestion(setting)}`;
  });
}

function withSingleUnderscores(name: string): string {
  return name.replace(/_+/g, "_");
}

/** What a table may hold. */
interface Allowed {
  readonly keys: PlacedSection["keys"];
  /** Keys of its settings. */
  readonly known: readonly string[];
  /** Tables, and arrays of tables. */
  readonly tables: readonly PlacedSection[];
}

class Search {
  readonly #file: TomlFile;
  readonly #settings: readonly NamedSetting[];

  constructor(file: TomlFile, settings: readonly NamedSetting[]) {
    this.#file = file;
    this.#settings = settings;
  }

  in(table: Table, allowed: Allowed): string[] {
    return Object.entries(table).flatMap(([key, value]) => {
      if (allowed.known.includes(key)) return [];
      const place = allowed.tables.find(({ keys }) => keys.at(-1) === key);
      return place ? this.#inSection(place, value) : [this.#unknown(key, allowed)];
    });
  }

  #inSection(place: PlacedSection, value: unknown): string[] {
    const { section, root, keys } = place;
    if (section !== root || !root.list) {
      if (isTable(value)) return this.#inTable(place, value);
      return [
        this.#complaint(keys, `${pathOf(keys)}: expected a table, such as ${headerOf(keys)}`),
      ];
    }
    const tables = tablesAt(this.#file.table, keys);
    return tables?.flatMap((table, index) =>
      this.#inTable({ ...place, keys: [...keys, index] }, table)
    ) ??
      [this.#complaint(keys, `${pathOf(keys)}: expected tables, each under [${headerOf(keys)}]`)];
  }

  #inTable(place: PlacedSection, table: Table): string[] {
    const known = settingsOf(place).map(({ setting }) => setting.key);
    return this.in(table, { keys: place.keys, known, tables: nestedIn(place) });
  }

  #unknown(key: string, { keys, known, tables }: Allowed): string {
    const names = [...known, ...tables.map(({ keys }) => String(keys.at(-1)))];
    const meant = nearest(key, names) ?? this.#elsewhere(key);
    const where = keys.length === 0 ? "" : ` in ${headerOf(keys)}`;
    return this.#complaint(
      [...keys, key],
      `unknown key ${keyText(key)}${where}${suggestion(meant)}`,
    );
  }

  /** Where a key does belong that stands under the wrong table. */
  #elsewhere(key: string): string | undefined {
    const found = this.#settings.find(({ setting }) => setting.key === key);
    if (!found) return undefined;
    const table = found.keys.slice(0, -1);
    return table.length === 0
      ? `${key} above the first [table]`
      : `${key} under ${headerOf(table)}`;
  }

  #complaint(keys: PlacedSection["keys"], fault: string): string {
    return `${this.#file.name}:${this.#file.lineOf(keys)}: ${fault}`;
  }
}
