import type { NestedSection, Section, Setting, TableSchema } from "./setting.ts";
import { sections } from "./settings.ts";
import { type Keys, pathOf, type Table, valueAt } from "./toml_value.ts";

/** A section in its place in the file. */
export interface PlacedSection {
  readonly section: Section | NestedSection;
  /** The section around it, or itself. */
  readonly root: Section;
  /** Where it stands. */
  readonly keys: Keys;
}

/** A setting in its place, with the names it has outside. */
export interface PlacedSetting extends PlacedSection {
  readonly setting: Setting;
  /** TOML path: `port`, `upstream_auth.api_key`, `models[0].id`. */
  readonly path: string;
  /** Environment variable: `CLAUDE_PROXY__UPSTREAM_AUTH__API_KEY`; none for a list. */
  readonly variable: string | undefined;
  /** Long flag without its metavar: `--upstream-api-key`, where there is one. */
  readonly flag: string | undefined;
  /** The variants that use it; undefined for one that always applies. */
  readonly variants: readonly string[] | undefined;
}

/** A setting of which there is one, so that a variable can give it. */
export interface NamedSetting extends PlacedSetting {
  readonly variable: string;
}

/** Beginning of every setting's environment variable. */
export const VARIABLE_PREFIX = "CLAUDE_PROXY__";

/** Every setting of which there is one, in the schema's order. */
export function allSettings(of: readonly Section[] = sections): NamedSetting[] {
  return settingsIn({}, of).filter((setting): setting is NamedSetting =>
    setting.variable !== undefined
  );
}

/** Every setting in the schema's order, those of a list once for each table that `values` hold. */
export function settingsIn(values: Table, of: readonly Section[] = sections): PlacedSetting[] {
  const tables = (keys: Keys) => {
    const list = valueAt(values, keys);
    return Array.isArray(list) ? list.map((_, index) => [...keys, index]) : [];
  };
  return place(of, tables).flatMap(settingsOf);
}

/** Every section in the schema's order, a list as if it were one table. */
export function allSections(of: readonly Section[] = sections): PlacedSection[] {
  return place(of, (keys) => [keys]);
}

/** @param tablesOf where the tables of a list stand */
function place(of: readonly Section[], tablesOf: (list: Keys) => readonly Keys[]): PlacedSection[] {
  return of.flatMap((root) => {
    const keys = root.top ? [] : [root.name];
    const tables = root.list ? tablesOf(keys) : [keys];
    return tables.flatMap((keys) => withNested({ section: root, root, keys }));
  });
}

function withNested(place: PlacedSection): PlacedSection[] {
  return [place, ...nestedIn(place).flatMap(withNested)];
}

/** The tables inside a section. */
export function nestedIn({ section, root, keys }: PlacedSection): PlacedSection[] {
  return (section.tables ?? []).map((nested) => ({
    section: nested,
    root,
    keys: [...keys, nested.name],
  }));
}

/** The settings of one section, each once, whichever variants use it. */
export function settingsOf(place: PlacedSection): PlacedSetting[] {
  const { settings, variants } = place.section;
  const byKey = new Map<string, Setting>();
  for (const setting of [...settings, ...Object.values(variants?.of ?? {}).flat()]) {
    if (!byKey.has(setting.key)) byKey.set(setting.key, setting);
  }
  return [...byKey.values()].map((setting) => placeSetting(place, setting));
}

/** One setting of a section. In a table inside another, or in a list, it has no flag. */
export function placeSetting(place: PlacedSection, declared: Setting): PlacedSetting {
  const { section, root } = place;
  const keys = [...place.keys, declared.key];
  const setting = section === root && !root.list ? declared : withoutFlags(declared);
  return {
    section,
    root,
    setting,
    path: pathOf(keys),
    keys,
    variable: root.list ? undefined : VARIABLE_PREFIX + keys.join("__").toUpperCase(),
    flag: setting.flag?.match(/--[a-z0-9-]+/)?.[0],
    variants: variantsOf(section, setting),
  };
}

function withoutFlags({ flag: _, shorthand: __, ...setting }: Setting): Setting {
  return setting;
}

function variantsOf({ settings, variants }: TableSchema, { key }: Setting): string[] | undefined {
  const has = (settings: readonly Setting[]) => settings.some((one) => one.key === key);
  if (has(settings)) return undefined;
  return Object.entries(variants?.of ?? {}).filter(([, of]) => has(of)).map(([name]) => name);
}
