/**
 * Every section there is, the type of what they hold, and the parts of it that travel. The types are
 * inferred, so that a setting added to a section appears here.
 *
 * @module
 */

import { admin } from "./admin.ts";
import { logging } from "./logging.ts";
import { models } from "./models.ts";
import { server } from "./server.ts";
import type { Section, Setting } from "./setting.ts";
import type { SettingsOf, Simplify, TablesOf, ValuesOf } from "./settings_of.ts";
import { tls } from "./tls.ts";
import { upstream, upstreamAuth } from "./upstream.ts";

/** Every section, in the order in which help, example and README show them. */
export const sections = [
  server,
  upstreamAuth,
  tls,
  logging,
  admin,
  models,
] as const satisfies readonly Section[];

/**
 * Every setting, checked and with defaults filled in; keys are spelled as in TOML. Times are in
 * seconds, sizes in bytes.
 */
export type Settings = SettingsOf<typeof sections>;

/** The `[upstream_auth]` table: one shape for each `type`. */
export type UpstreamAuthSettings = Settings["upstream_auth"];

/** The `[tls]` table: one shape for each `mode`. */
export type TlsSettings = Settings["tls"];

/** The `[logging]` table. */
export type LoggingSettings = Settings["logging"];

/** The `[admin]` table. */
export type AdminSettings = Settings["admin"];

/** One `[[models]]` table. */
export type ModelSettings = Settings["models"][number];

/** What there is to say about one upstream but its credentials. */
export type UpstreamSettings = ValuesOf<typeof upstream>;

/** What is marked `request`: settings at the top, and whole sections. */
export type RequestSettings = Simplify<
  & ValuesOf<readonly Extract<(typeof server)["settings"][number], ForRequests>[]>
  & TablesOf<Extract<(typeof sections)[number], ForRequests>>
>;

/** The mark of what the request path uses. */
export interface ForRequests {
  /** Workers are sent it as it is. */
  readonly request: true;
}

/** Picks what workers are sent as it is; an absent value stays absent. No secret is among it. */
export function requestSettings(settings: Settings): RequestSettings {
  const marked: readonly (Section | Setting)[] = [...server.settings, ...sections];
  const keys = marked.flatMap((one) => one.request ? ["key" in one ? one.key : one.name] : []);
  return pick(settings, keys) as unknown as RequestSettings;
}

/** Picks what there is to say about the upstream. */
export function upstreamSettings(settings: Settings): UpstreamSettings {
  return pick(settings, upstream.map(({ key }) => key)) as UpstreamSettings;
}

function pick(settings: Settings, keys: readonly string[]): Partial<Settings> {
  return Object.fromEntries(Object.entries(settings).filter(([key]) => keys.includes(key)));
}

export type { Checked, Kind } from "./kinds/kind.ts";
export type * from "./setting.ts";
export type * from "./settings_of.ts";
export type * from "./toml_value.ts";
export type { admin, logging, models, server, tls, upstream, upstreamAuth };
