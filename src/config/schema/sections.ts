import type { ListSection, Section } from "./row.ts";
import { admin } from "./admin.ts";
import { chainTables, validateUpstreamAuth } from "./azure.ts";
import { logging } from "./logging.ts";
import { models } from "./models.ts";
import { server } from "./server.ts";
import { tlsMode, tlsModes } from "./tls.ts";
import { authType, authTypes } from "./upstream_auth.ts";

/** Every setting there is, in the order in which help, example and README show them. */
export const sections: readonly Section[] = [
  { name: "server", title: "Server", top: true, rows: server },
  {
    name: "upstream_auth",
    title: "Upstream authentication",
    rows: [authType],
    variants: { by: "type", of: authTypes },
    validate: validateUpstreamAuth,
  },
  ...Object.entries(chainTables).map(([type, rows]) => ({
    name: `upstream_auth.${type}`,
    title: `Upstream authentication: ${type} in a chain`,
    onlyIf: { path: "upstream_auth.type", is: "chain" },
    rows,
  })),
  {
    name: "tls",
    title: "TLS",
    rows: [tlsMode],
    variants: { by: "mode", of: tlsModes },
  },
  { name: "logging", title: "Logging", rows: logging },
  { name: "admin", title: "Metrics and status page", rows: admin },
];

/** Every array of tables there is; the file alone can give them. */
export const lists: readonly ListSection[] = [models];
