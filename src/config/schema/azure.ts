import { authorityHost } from "./kinds/address.ts";
import { listOf, nonEmpty } from "./kinds/compound.ts";
import { headerSecret, oneOf, scope as scopeKind, seconds, tenant, text } from "./kinds/scalar.ts";
import { type Fault, type NestedSection, optional, type Setting, unset } from "./setting.ts";
import type { Table } from "./toml_value.ts";

const tenantId = {
  key: "tenant_id",
  flag: "--azure-tenant-id <ID>",
  kind: tenant(),
  required: true,
  doc: "Entra ID tenant, by ID or domain. Type azure_cli can do without (the tenant of the " +
    "current subscription), and so can azure_workload_identity (AZURE_TENANT_ID).",
  example: "${AZURE_TENANT_ID}",
} as const satisfies Setting;

const clientId = {
  key: "client_id",
  flag: "--azure-client-id <ID>",
  kind: text("expected the client ID of an application or identity"),
  required: true,
  doc: "Client ID of the application. Of the user-assigned identity for azure_managed_identity, " +
    "which without it uses the system-assigned one; azure_workload_identity can do without " +
    "(AZURE_CLIENT_ID).",
  example: "${AZURE_CLIENT_ID}",
} as const satisfies Setting;

const clientSecret = {
  key: "client_secret",
  flag: "--azure-client-secret <SECRET>",
  kind: headerSecret(),
  secret: true,
  doc: "Secret of the application: its value, not its ID. This or client_certificate_path.",
  example: "${AZURE_CLIENT_SECRET}",
} as const satisfies Setting;

const clientCertificatePath = {
  key: "client_certificate_path",
  flag: "--azure-client-certificate-path <FILE>",
  kind: text("expected the path of a PEM file"),
  keyFile: true,
  doc: "PEM file with the application's certificate and its private key. Wins over client_secret.",
  example: "/etc/claude-proxy/application.pem",
} as const satisfies Setting;

const federatedTokenFile = {
  key: "federated_token_file",
  flag: "--azure-federated-token-file <FILE>",
  kind: text("expected the path of a file"),
  absent: "AZURE_FEDERATED_TOKEN_FILE",
  doc: "File in which Kubernetes keeps the service account's token.",
  example: "/var/run/secrets/azure/tokens/azure-identity-token",
} as const satisfies Setting;

const scope = {
  key: "scope",
  flag: "--azure-scope <SCOPE>",
  kind: scopeKind(),
  default: "https://ai.azure.com/.default",
  doc: "What tokens are asked for.",
  example: "https://ai.azure.com/.default",
} as const satisfies Setting;

const resource = {
  key: "resource",
  kind: scopeKind(),
  absent: "scope",
  doc: "What tokens are asked for, in a managed identity's word; wins over scope.",
  example: "https://ai.azure.com/.default",
} as const satisfies Setting;

const authority = {
  key: "authority_host",
  flag: "--azure-authority-host <URL>",
  kind: authorityHost(),
  absent: "https://login.microsoftonline.com",
  doc: "Entra ID authority, for sovereign and private clouds. Where it is not set, " +
    "azure_workload_identity takes AZURE_AUTHORITY_HOST first.",
  example: "https://login.microsoftonline.us",
} as const satisfies Setting;

const tokenTimeout = {
  key: "token_timeout",
  flag: "--upstream-token-timeout <SECONDS>",
  kind: seconds({ zero: false }),
  default: 15,
  doc: "Seconds a request waits for a token where none is at hand, before it is answered 503.",
  example: 15,
} as const satisfies Setting;

const chain = {
  key: "chain",
  flag: "--upstream-auth-chain <TYPES>",
  kind: nonEmpty(listOf(oneOf([
    "azure_ad",
    "azure_cli",
    "azure_managed_identity",
    "azure_workload_identity",
  ]))),
  required: true,
  doc: "Types to try in this order; the first that is available on this machine is used. " +
    "Separated by commas in a flag or a variable.",
  example: ["azure_workload_identity", "azure_managed_identity", "azure_cli"],
} as const satisfies Setting;

/** The types of upstream authentication that Entra ID stands behind. */
export const azureTypes = {
  azure_ad: [
    tenantId,
    clientId,
    clientSecret,
    clientCertificatePath,
    scope,
    authority,
    tokenTimeout,
  ],
  azure_cli: [optional(tenantId), scope, tokenTimeout],
  azure_managed_identity: [optional(clientId), resource, scope, tokenTimeout],
  azure_workload_identity: [
    optional(tenantId),
    optional(clientId),
    federatedTokenFile,
    scope,
    authority,
    tokenTimeout,
  ],
  chain: [chain, scope, authority, tokenTimeout],
} as const satisfies Readonly<Record<string, readonly Setting[]>>;

const ownScope = { ...unset(scope), absent: "upstream_auth.scope" };
const ownAuthority = { ...unset(authority), absent: "upstream_auth.authority_host" };

/** What the members of a chain take from tables of their own. */
export const chainTables = [
  memberTable("azure_ad", [
    unset(tenantId),
    unset(clientId),
    unset(clientSecret),
    unset(clientCertificatePath),
    ownScope,
    ownAuthority,
  ]),
  memberTable("azure_cli", [unset(tenantId), ownScope]),
  memberTable("azure_managed_identity", [unset(clientId), unset(resource), ownScope]),
  memberTable("azure_workload_identity", [
    unset(tenantId),
    unset(clientId),
    unset(federatedTokenFile),
    ownScope,
    ownAuthority,
  ]),
] as const satisfies readonly NestedSection[];

function memberTable<const Name extends string, const Settings extends readonly Setting[]>(
  name: Name,
  settings: Settings,
) {
  const title = `Upstream authentication: ${name} in a chain`;
  return { name, title, onlyIf: { key: "type", is: "chain" }, settings } as const;
}

/** An application proves itself with one of two things. */
export function validateAzure(values: Table): readonly Fault[] {
  const { type, client_secret: secret, client_certificate_path: certificate } = values;
  if (type !== "azure_ad" || secret !== undefined || certificate !== undefined) return [];
  return [{
    at: ["client_secret"],
    missing: 'type = "azure_ad" needs it, or client_certificate_path',
  }];
}
