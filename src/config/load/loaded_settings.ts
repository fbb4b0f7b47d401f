import type { PermissionNeeds } from "../../permissions/needs.ts";
import { type PlacedSetting, settingsIn } from "../schema/placed_setting.ts";
import { type Section, sections, type Settings } from "../schema/settings.ts";
import { type Table, tomlText, valueAt } from "../schema/toml_value.ts";
import { formatSource, type Source } from "./source.ts";

/** Settings that passed every check, and where each came from. */
export interface Loaded<Values> {
  /** Every setting, with defaults filled in. */
  readonly settings: Values;
  /** Source of each setting, by TOML path; of an absent optional one it is the default. */
  readonly provenance: ReadonlyMap<string, Source>;
  /** The configuration file that was read, as it was named. */
  readonly file: string | undefined;
  /** Its whole path. */
  readonly filePath: string | undefined;
  /**
   * Environment variables that had a value when they were looked at, as `--allow-env` names them:
   * all of ours as `CLAUDE_PROXY_*`.
   */
  readonly variables: readonly string[];
  /**
   * What a start looks for and can do without: variables as `--allow-env` names them, and places of
   * a configuration file.
   */
  readonly lookedFor: Pick<PermissionNeeds, "env" | "read">;
  /** Lines worth telling the operator: what could not be read, what is ignored. */
  readonly notes: string[];
}

/** Our settings, loaded. */
export type LoadedSettings = Loaded<Settings>;

/** One setting, ready to print. */
export interface ListedSetting {
  /** TOML path: `upstream_auth.api_key`, `models[0].id`. */
  readonly path: string;
  /** The value in TOML's notation; of a secret only that there is one. */
  readonly value: string;
  /** `--port`, `CLAUDE_PROXY__PORT`, `config.toml:3` or `default`. */
  readonly source: string;
}

/** Every setting in force, in the schema's order, with secrets masked. */
export function listSettings(
  loaded: Loaded<Table>,
  of: readonly Section[] = sections,
): ListedSetting[] {
  return listed(loaded, of, ({ setting }, value, isDefault) => {
    const { absent, secret, defaultName } = setting;
    if (isDefault && defaultName !== undefined) return defaultName;
    if (value === undefined) return absent ?? "not set";
    return secret ? MASK : tomlText(value);
  });
}

/** The same for programs: values as JSON has them, `null` where there is none. */
export function settingsAsJson(
  loaded: Loaded<Table>,
  of: readonly Section[] = sections,
): (Omit<ListedSetting, "value"> & { readonly value: unknown })[] {
  return listed(
    loaded,
    of,
    ({ setting }, value) => value === undefined ? null : setting.secret ? MASK : value,
  );
}

const MASK = "••••";

function listed<Value>(
  { settings, provenance }: Loaded<Table>,
  of: readonly Section[],
  show: (placed: PlacedSetting, value: unknown, isDefault: boolean) => Value,
): { readonly path: string; readonly value: Value; readonly source: string }[] {
  return settingsIn(settings, of).flatMap((placed) => {
    const source = provenance.get(placed.path);
    if (source === undefined) return [];
    const value = show(placed, valueAt(settings, placed.keys), source.from === "default");
    return [{ path: placed.path, value, source: formatSource(source) }];
  });
}

/** Every secret among the settings, for taking them out of what is printed. */
export function secretValues(
  { settings }: Loaded<Table>,
  of: readonly Section[] = sections,
): string[] {
  return settingsIn(settings, of)
    .filter(({ setting }) => setting.secret)
    .flatMap(({ keys }) => valueAt(settings, keys))
    .filter((value) => typeof value === "string");
}
