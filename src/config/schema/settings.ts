/**
 * The type of what {@linkcode Settings} holds, inferred from the settings table, so that a
 * row added there appears here.
 *
 * @module
 */

import type { ValuesOf, VariantsOf } from "./row.ts";
import type { admin } from "./admin.ts";
import type { chainTables } from "./azure.ts";
import type { logging } from "./logging.ts";
import type { models } from "./models.ts";
import type { server } from "./server.ts";
import type { tlsModes } from "./tls.ts";
import type { authTypes } from "./upstream_auth.ts";

/** Keys at the top of the file. Times are in seconds, sizes in bytes. */
export type ServerSettings = ValuesOf<typeof server>;

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

export type { Checked, Kind } from "./kinds/kind.ts";
export type * from "./row.ts";
export type { admin, authTypes, chainTables, logging, models, server, tlsModes };
