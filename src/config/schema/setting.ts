import type { Row, Section } from "./row.ts";
import { sections } from "./sections.ts";

/** A row with the names it has outside: path, variable, flag. */
export interface Setting {
  readonly section: Section;
  readonly row: Row;
  /** TOML path: `port`, `upstream_auth.api_key`. */
  readonly path: string;
  /** {@linkcode path} in parts. */
  readonly keys: readonly string[];
  /** Environment variable: `CLAUDE_PROXY__UPSTREAM_AUTH__API_KEY`. */
  readonly variable: string;
  /** Long flag without its metavar: `--upstream-api-key`. */
  readonly flag: string | undefined;
  /** The variants that use it; undefined for one that always applies. */
  readonly variants: readonly string[] | undefined;
}

/** Beginning of every setting's environment variable. */
export const VARIABLE_PREFIX = "CLAUDE_PROXY__";

/** Every setting of the table, each once, in the table's order. */
export function allSettings(of: readonly Section[] = sections): Setting[] {
  return of.flatMap(settingsOf);
}

/** The settings of one section, each once, whichever variants use it. */
export function settingsOf(section: Section): Setting[] {
  const rows = new Map<string, Row>();
  const variantRows = Object.values(section.variants?.of ?? {}).flat();
  for (const row of [...section.rows, ...variantRows]) {
    if (!rows.has(row.key)) rows.set(row.key, row);
  }
  return [...rows.values()].map((row) => settingOf(section, row));
}

/** One row with its names. */
export function settingOf(section: Section, row: Row): Setting {
  const keys = section.top ? [row.key] : [...section.name.split("."), row.key];
  return {
    section,
    row,
    path: keys.join("."),
    keys,
    variable: VARIABLE_PREFIX + keys.join("__").toUpperCase(),
    flag: row.flag?.match(/--[a-z0-9-]+/)?.[0],
    variants: variantsOf(section, row),
  };
}

function variantsOf(section: Section, row: Row): string[] | undefined {
  if (section.rows.some((always) => always.key === row.key)) return undefined;
  return Object.entries(section.variants?.of ?? {})
    .filter(([, rows]) => rows.some((one) => one.key === row.key))
    .map(([name]) => name);
}
