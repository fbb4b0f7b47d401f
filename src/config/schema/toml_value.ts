/** A TOML table: its own keys only, whatever their names. */
export type Table = Readonly<Record<string, unknown>>;

/** Where a value stands; elements of arrays have their index as a key, counted from 0. */
export type Keys = readonly (string | number)[];

/** Whether a TOML value is a table. */
export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

/** Value at some keys, or undefined. */
export function valueAt(table: Table, keys: Keys): unknown {
  let value: unknown = table;
  for (const key of keys) {
    const holds = typeof key === "number" ? Array.isArray(value) : isTable(value);
    if (!holds || !Object.hasOwn(value as object, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

/** The tables of an array of tables; undefined where there is none. */
export function tablesAt(table: Table, keys: Keys): readonly Table[] | undefined {
  const tables = valueAt(table, keys);
  return Array.isArray(tables) && tables.every(isTable) ? tables : undefined;
}

/** Keys in one word, as messages name a place: `upstream_auth.api_key`, `models[0].id`. */
export function pathOf(keys: Keys): string {
  return keys.map((key) => typeof key === "number" ? `[${key}]` : `.${key}`).join("").slice(1);
}

/** A value in TOML's notation, on one line. */
export function tomlText(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(tomlText).join(", ")}]`;
  if (value instanceof Date) return value.toISOString();
  if (!isTable(value)) return String(value);
  const pairs = Object.entries(value).map(([key, one]) => `${keyText(key)} = ${tomlText(one)}`);
  return `{ ${pairs.join(", ")} }`;
}

/** A key as it is, or quoted where it is no bare key. */
export function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}
