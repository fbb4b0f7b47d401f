import { azureTypes, chainTables, validateAzure } from "./azure.ts";
import { headerSecret, oneOf } from "./kinds/scalar.ts";
import type { Section, Setting, TableSchema } from "./setting.ts";

const apiKey = {
  key: "api_key",
  flag: "--upstream-api-key <KEY>",
  kind: headerSecret(),
  required: true,
  secret: true,
  doc: "Key that the upstream expects from us.",
  example: "${UPSTREAM_API_KEY}",
} as const satisfies Setting;

const header = {
  key: "header",
  flag: "--upstream-auth-header <HEADER>",
  kind: oneOf(["auto", "x-api-key", "api-key", "authorization"]),
  default: "auto",
  doc: "Header that carries the key. auto picks by host: x-api-key for anthropic.com, api-key " +
    "for azure.com, authorization for api.openai.com, else the header the client used.",
  example: "auto",
} as const satisfies Setting;

/** Each way to authenticate to the upstream, and the settings it uses. */
const types = {
  api_key: [apiKey, header],
  ...azureTypes,
} as const satisfies Readonly<Record<string, readonly Setting[]>>;

const type = {
  key: "type",
  flag: "--upstream-auth-type <TYPE>",
  kind: oneOf(Object.keys(types) as (keyof typeof types)[]),
  required: true,
  doc: "How we authenticate to the upstream.",
  example: "api_key",
} as const satisfies Setting;

/** A table that says how we authenticate to an upstream. */
export const authentication = {
  settings: [type],
  variants: { by: "type", of: types },
  tables: chainTables,
  validate: validateAzure,
} as const satisfies TableSchema;

/** How we authenticate to the upstream. */
export const upstreamAuth = {
  name: "upstream_auth",
  title: "Upstream authentication",
  onReload: "change",
  ...authentication,
} as const satisfies Section;
