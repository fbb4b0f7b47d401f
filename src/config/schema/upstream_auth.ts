import { headerSecret } from "./kinds/header.ts";
import { oneOf } from "./kinds/scalar.ts";
import { azureTypes } from "./azure.ts";
import type { Row } from "./row.ts";

const apiKey = {
  key: "api_key",
  flag: "--upstream-api-key <KEY>",
  kind: headerSecret(),
  required: true,
  secret: true,
  doc: "Key that the upstream expects from us.",
  example: "${UPSTREAM_API_KEY}",
} as const satisfies Row;

const header = {
  key: "header",
  flag: "--upstream-auth-header <HEADER>",
  kind: oneOf(["auto", "x-api-key", "api-key", "authorization"]),
  default: "auto",
  doc: "Header that carries the key. auto picks by host: x-api-key for anthropic.com, api-key " +
    "for azure.com, authorization for api.openai.com, else the header the client used.",
  example: "auto",
} as const satisfies Row;

/** Each way to authenticate to the upstream, and the rows it uses. */
export const authTypes = {
  api_key: [apiKey, header],
  ...azureTypes,
} as const satisfies Readonly<Record<string, readonly Row[]>>;

/** Chooses among {@linkcode authTypes}. */
export const authType = {
  key: "type",
  flag: "--upstream-auth-type <TYPE>",
  kind: oneOf(Object.keys(authTypes) as (keyof typeof authTypes)[]),
  required: true,
  doc: "How we authenticate to the upstream.",
  example: "api_key",
} as const satisfies Row;
