import { netAddressOf } from "../../net/address.ts";
import { azureTypes, chainTables, validateAzure } from "./azure.ts";
import { upstreamUrl as baseUrl } from "./kinds/address.ts";
import { boolean, headerSecret, oneOf, seconds, text } from "./kinds/scalar.ts";
import type { Section, Setting, TableSchema } from "./setting.ts";

/** Where requests go. */
export const upstreamUrl = {
  key: "upstream_url",
  flag: "--upstream-url <URL>",
  kind: baseUrl(),
  required: true,
  note: (url) => clientsPath(String(url)),
  // Workers may reach one address, which their permissions name.
  onReload: (from, to) => sameAddress(String(from), String(to)) ? "change" : "keep",
  doc: "Base URL of the upstream API. The path of each request is appended to it.",
  example: "https://api.anthropic.com",
} as const satisfies Setting;

/** How an upstream is spoken to. */
export const upstreamConnection = [
  {
    key: "upstream_connect_timeout",
    flag: "--upstream-connect-timeout <SECONDS>",
    kind: seconds({ zero: false }),
    default: 10,
    doc:
      "Seconds that a connection to the upstream may take. A request without an answer by then " +
      "ends with 502 if no second connection can be made within as many seconds.",
    example: 10,
  },
  {
    key: "upstream_header_timeout",
    flag: "--upstream-header-timeout <SECONDS>",
    kind: seconds({ zero: false }),
    default: 600,
    doc: "Seconds to wait for the upstream's response headers before answering 504.",
    example: 600,
  },
  {
    key: "upstream_idle_timeout",
    flag: "--upstream-idle-timeout <SECONDS>",
    kind: seconds({ zero: false }),
    absent: "off",
    doc:
      "Seconds without a byte of a response's body after which it is cut off. It costs 15 µs of " +
      "processor time an event.",
    example: 300,
  },
  {
    key: "upstream_http2",
    flag: "--upstream-http2 <true|false>",
    kind: boolean(),
    default: false,
    doc: "Speak HTTP/2 to the upstream where it offers it. Requests beyond its limit of " +
      "concurrent streams, often 100, then wait for each other, and bodies of up to 1 MiB are read " +
      "whole before they are sent.",
    example: false,
  },
  {
    key: "upstream_ca_file",
    flag: "--upstream-ca-file <FILE>",
    kind: text("expected the path of a PEM file"),
    absent: "none",
    doc: "PEM file with certificate authorities to trust for the upstream, besides the usual ones.",
    example: "/etc/ssl/certs/company-ca.pem",
  },
  {
    key: "upstream_client_cert_path",
    flag: "--upstream-client-cert-path <FILE>",
    kind: text("expected the path of a PEM file"),
    absent: "none",
    doc: "PEM file with the certificate to present to an upstream that asks for one (mTLS), " +
      "followed by those that vouch for it.",
    example: "/etc/claude-proxy/client.pem",
  },
  {
    key: "upstream_client_key_path",
    flag: "--upstream-client-key-path <FILE>",
    kind: text("expected the path of a PEM file"),
    absent: "none",
    keyFile: true,
    doc: "PEM file with the private key of upstream_client_cert_path, not encrypted.",
    example: "/etc/claude-proxy/client.key",
  },
] as const satisfies readonly Setting[];

/** Everything there is to say about one upstream but its credentials. */
export const upstream = [upstreamUrl, ...upstreamConnection] as const;

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

/** What clients send themselves, behind their own base URL. */
const CLIENTS_PATH = /\/v1(?:\/(?:messages|responses|chat\/completions|completions|models))?$/;

function clientsPath(url: string): string | undefined {
  const [path] = CLIENTS_PATH.exec(new URL(url).pathname) ?? [];
  if (path === undefined) return undefined;
  return path === "/v1"
    ? "expected a URL without /v1: requests of Claude clients would go to /v1/v1/messages; OpenAI " +
      "clients have /v1 in their own base URL"
    : `expected a URL without ${path}, which clients send: requests would go to ${path}${path}`;
}

function sameAddress(a: string, b: string): boolean {
  return netAddressOf(a) === netAddressOf(b);
}
