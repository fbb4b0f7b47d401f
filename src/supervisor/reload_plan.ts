import type { LoadedSettings } from "../config/load/load.ts";
import { allSettings } from "../config/schema/setting.ts";
import type { Settings } from "../config/schema/settings.ts";
import type { Source } from "../config/load/source.ts";
import { netAddressOf } from "../net/address.ts";

/** Settings that a running process cannot change: its listeners and its workers are made from them. */
const FIXED = /^(?:bind_address|port|workers|admin\.\w+|tls\.\w+)$/;

/** What a reload comes to. */
export interface ReloadPlan {
  /** The settings from now on. */
  readonly loaded: LoadedSettings;
  /** Paths of the settings that change. */
  readonly changed: readonly string[];
  /** Paths of those that differ and stay as they are until a restart. */
  readonly restart: readonly string[];
}

/** Tells what of newly loaded settings a running process can take over. */
export function planReload(current: LoadedSettings, next: LoadedSettings): ReloadPlan {
  const paths = allSettings().map(({ path }) => path);
  const differing = paths.filter((path) => !isSame(at(current, path), at(next, path)));
  const sameUpstream = isSameUpstream(current.settings, next.settings);
  const isFixed = (path: string) => FIXED.test(path) || (path === "upstream_url" && !sameUpstream);
  const restart = differing.filter(isFixed);
  const settings = structuredClone(next.settings);
  const provenance = new Map(next.provenance);
  for (const path of restart) {
    put(settings, path, at(current, path));
    keepSource(provenance, path, current);
  }
  const changed = differing.filter((path) => !isFixed(path));
  return { loaded: { ...next, settings, provenance }, changed, restart };
}

/** Workers may reach one upstream, which their permissions name. */
function isSameUpstream(a: Settings, b: Settings): boolean {
  return netAddressOf(a.upstream_url) === netAddressOf(b.upstream_url);
}

function at({ settings }: LoadedSettings, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (table, key) => (table as Record<string, unknown> | undefined)?.[key],
    settings,
  );
}

function put(settings: Settings, path: string, value: unknown): void {
  const keys = path.split(".");
  const last = keys.pop()!;
  const table = keys.reduce<Record<string, unknown>>(
    (table, key) => table[key] as Record<string, unknown>,
    settings as unknown as Record<string, unknown>,
  );
  if (value === undefined) delete table[last];
  else table[last] = value;
}

function keepSource(
  provenance: Map<string, Source>,
  path: string,
  { provenance: old }: LoadedSettings,
): void {
  const source = old.get(path);
  if (source !== undefined) provenance.set(path, source);
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
