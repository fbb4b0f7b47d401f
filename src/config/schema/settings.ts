/**
 * The type of what {@linkcode Settings} holds, inferred from the settings table, so that a
 * row added there appears here; and the parts of it that travel.
 *
 * @module
 */

import { server } from "./server.ts";
import type { Row, ValuesOf, VariantsOf } from "./row.ts";
import type { admin } from "./admin.ts";
import type { chainTables } from "./azure.ts";
import type { logging } from "./logging.ts";
import type { models } from "./models.ts";
import type { tlsModes } from "./tls.ts";
import { upstream } from "./upstream.ts";
import type { authTypes } from "./upstream_auth.ts";

/** Keys at the top of the file. Times are in seconds, sizes in bytes. */
export type ServerSettings = ValuesOf<typeof server>;

/** What the request path uses as it is: the rows marked `request`. No secret is among them. */
export type RequestSettings = ValuesOf<
  readonly Extract<(typeof server)[number], { readonly request: true }>[]
>;

/** What there is to say about one upstream but its credentials. */
export type UpstreamSettings = ValuesOf<typeof upstream>;

/** The tables of a chain's members: `[upstream_auth.azure_ad]` and so on. */
export type ChainTables = {
  [Type in keyof typeof chainTables]: ValuesOf<(typeof chainTables)[Type]>;
};

/** The `[upstream_auth]` table: one shape for each `type`. */
export type UpstreamAuthSettings =
  | Exclude<VariantsOf<"type", typeof authTypes>, { type: "chain" }>
  | Extract<VariantsOf<"type", typeof authTypes>, { type: "chain" }> & ChainTables;

/** The `[tls]` table: one shape for each `mode`. */
export type TlsSettings = VariantsOf<"mode", typeof tlsModes>;

/** The `[logging]` table. */
export type LoggingSettings = ValuesOf<typeof logging>;

/** The `[admin]` table. */
export type AdminSettings = ValuesOf<typeof admin>;

/** One `[[models]]` table. */
export type ModelSettings = ValuesOf<typeof models.rows>;

/** Every setting, checked and with defaults filled in; keys are spelled as in TOML. */
export type Settings = ServerSettings & {
  /** How we authenticate to the upstream. */
  upstream_auth: UpstreamAuthSettings;
  /** Whether and how HTTPS is served. */
  tls: TlsSettings;
  /** What is logged. */
  logging: LoggingSettings;
  /** Metrics and the status page. */
  admin: AdminSettings;
  /** Models that the proxy itself lists. */
  models: readonly ModelSettings[];
};

/** Picks what workers are sent as it is; an absent value stays absent. */
export function requestSettings(settings: Settings): RequestSettings {
  return pick(settings, server.filter((row: Row) => row.request)) as RequestSettings;
}

/** Picks what there is to say about the upstream. */
export function upstreamSettings(settings: Settings): UpstreamSettings {
  return pick(settings, upstream) as UpstreamSettings;
}

function pick(settings: Settings, rows: readonly Row[]): Partial<Settings> {
  const keys = rows.map(({ key }) => key);
  return Object.fromEntries(Object.entries(settings).filter(([key]) => keys.includes(key)));
}

export type { Checked, Kind } from "./kinds/kind.ts";
export type * from "./row.ts";
export type { admin, authTypes, chainTables, logging, models, server, tlsModes, upstream };
