import { show } from "./complaint.ts";
import { allSettings } from "../schema/setting.ts";
import { lists } from "../schema/sections.ts";
import type { LoadedSettings } from "./load.ts";
import { formatSource } from "./source.ts";

/** One setting, ready to print. */
export interface ListedSetting {
  /** TOML path: `upstream_auth.api_key`. */
  readonly path: string;
  /** The value in TOML's notation; of a secret only that there is one. */
  readonly value: string;
  /** `--port`, `CLAUDE_PROXY__PORT`, `config.toml:3` or `default`. */
  readonly source: string;
}

/** Every setting in force, in the table's order, with secrets masked. */
export function listSettings(loaded: LoadedSettings): ListedSetting[] {
  const listed: ListedSetting[] = [];
  for (const { path, keys, row } of allSettings()) {
    const source = loaded.provenance.get(path);
    if (source === undefined) continue;
    const value = keys.reduce<unknown>(
      (table, key) => (table as Record<string, unknown>)[key],
      loaded.settings,
    );
    const text = value === undefined ? row.absent ?? "not set" : row.secret ? "••••" : show(value);
    listed.push({ path, value: text, source: formatSource(source) });
  }
  for (const { name } of lists) {
    const source = loaded.provenance.get(name);
    const count = (loaded.settings as unknown as Record<string, readonly unknown[]>)[name]?.length;
    if (source === undefined || !count) continue;
    listed.push({ path: name, value: `${count} tables`, source: formatSource(source) });
  }
  return listed;
}
