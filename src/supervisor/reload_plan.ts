import type { Loaded, Source } from "../config/load/load.ts";
import { type PlacedSetting, settingsIn } from "../config/schema/placed_setting.ts";
import { type Section, sections, type Settings } from "../config/schema/settings.ts";
import { type Keys, pathOf, type Table, valueAt } from "../config/schema/toml_value.ts";

/** What a reload comes to. */
export interface ReloadPlan<Values = Settings> {
  /** The settings from now on. */
  readonly loaded: Loaded<Values>;
  /** Paths of the settings that change. */
  readonly changed: readonly string[];
  /** Paths of those that differ and stay as they are until a restart. */
  readonly restart: readonly string[];
}

/** Tells what of newly loaded settings a running process can take over, as the schema says. */
export function planReload<Values extends Table>(
  current: Loaded<Values>,
  next: Loaded<Values>,
  of: readonly Section[] = sections,
): ReloadPlan<Values> {
  const both = [current, next].flatMap(({ settings }) => settingsIn(settings, of));
  const differing = [...new Map(both.map((placed) => [placed.path, placed])).values()]
    .filter(({ keys }) => !isSame(valueAt(current.settings, keys), valueAt(next.settings, keys)));
  const kept = differing.filter((placed) => isKept(placed, current.settings, next.settings));
  const settings = structuredClone(next.settings);
  const provenance = new Map(next.provenance);
  for (const keys of kept.map(wholeOf)) {
    put(settings, keys, valueAt(current.settings, keys));
    keepSources(provenance, pathOf(keys), current.provenance);
  }
  const paths = (placed: readonly PlacedSetting[]) => placed.map(({ path }) => path);
  const changed = differing.filter((placed) => !kept.includes(placed));
  return {
    loaded: { ...next, settings, provenance },
    changed: paths(changed),
    restart: paths(kept),
  };
}

function isKept({ root, setting, keys }: PlacedSetting, from: Table, to: Table): boolean {
  const onReload = (root.list ? undefined : setting.onReload) ?? root.onReload;
  if (typeof onReload === "string") return onReload === "keep";
  return onReload(valueAt(from, keys), valueAt(to, keys)) === "keep";
}

/** What stays with a setting that stays: of a list all of it, for its tables have no names. */
function wholeOf({ root, keys }: PlacedSetting): Keys {
  return root.list ? [root.name] : keys;
}

function put(settings: Table, keys: Keys, value: unknown): void {
  const table = valueAt(settings, keys.slice(0, -1)) as Record<string, unknown>;
  const last = String(keys.at(-1));
  if (value === undefined) delete table[last];
  else table[last] = value;
}

function keepSources(
  provenance: Map<string, Source>,
  whole: string,
  old: ReadonlyMap<string, Source>,
): void {
  const isPart = (path: string) => path === whole || path.startsWith(`${whole}[`);
  for (const path of [...provenance.keys()].filter(isPart)) provenance.delete(path);
  for (const [path, source] of old) if (isPart(path)) provenance.set(path, source);
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
