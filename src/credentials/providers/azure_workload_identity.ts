import { authorityOptions, PUBLIC_AUTHORITY } from "./authority.ts";
import { exchangeToken, LIBRARY_PERMISSIONS } from "./exchange.ts";
import { IdentityTransport } from "./identity_transport.ts";
import type { PermissionNeeds } from "../../permissions/needs.ts";
import { netAddressOf } from "../../net/address.ts";
import { readSecretFile } from "./secret_file.ts";
import {
  CredentialError,
  type CredentialProvider,
  type CredentialRequest,
  type ProvidedCredential,
} from "../provider.ts";
import type { ProviderContext, ProviderType } from "./provider_type.ts";
import type { ReadVariable } from "../../permissions/variable.ts";

/**
 * A Kubernetes service account that stands for an application, as TOML spells it. What is not set
 * comes from the variables that AKS's webhook sets.
 * https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html
 */
export interface AzureWorkloadIdentityKeys {
  /** @default {AZURE_TENANT_ID} */
  readonly tenant_id?: string | undefined;
  /** @default {AZURE_CLIENT_ID} */
  readonly client_id?: string | undefined;
  /** @default {AZURE_FEDERATED_TOKEN_FILE} */
  readonly federated_token_file?: string | undefined;
  readonly scope: string;
  /** @default {AZURE_AUTHORITY_HOST, else the public cloud} */
  readonly authority_host?: string | undefined;
}

const NAME = "azure_workload_identity";

const VARIABLES = {
  tenant_id: "AZURE_TENANT_ID",
  client_id: "AZURE_CLIENT_ID",
  federated_token_file: "AZURE_FEDERATED_TOKEN_FILE",
  authority_host: "AZURE_AUTHORITY_HOST",
} as const;

type Key = keyof typeof VARIABLES;

/** https://learn.microsoft.com/azure/aks/workload-identity-overview */
export const azureWorkloadIdentity: ProviderType<AzureWorkloadIdentityKeys> = {
  permissions,
  create: (keys, context) => new AzureWorkloadIdentityProvider(keys, context),
  notHosted: "there is no token file",
};

function permissions(keys: AzureWorkloadIdentityKeys, variable: ReadVariable): PermissionNeeds {
  const { authority_host, federated_token_file: file } = resolve(keys, variable);
  const names = Object.keys(VARIABLES) as Key[];
  return {
    ...LIBRARY_PERMISSIONS,
    net: [netAddressOf(authority_host)],
    read: file === undefined ? [] : [file],
    env: names.filter((key) => keys[key] === undefined).map((key) => VARIABLES[key]),
  };
}

function resolve(keys: AzureWorkloadIdentityKeys, variable: ReadVariable) {
  const value = (key: Key) => keys[key] ?? variable(VARIABLES[key]);
  return {
    tenant_id: value("tenant_id"),
    client_id: value("client_id"),
    federated_token_file: value("federated_token_file"),
    authority_host: value("authority_host") ?? PUBLIC_AUTHORITY,
  };
}

/** Tokens for a pod's service account, by exchange of the token that Kubernetes keeps in a file. */
class AzureWorkloadIdentityProvider implements CredentialProvider {
  readonly name = NAME;
  readonly #keys: AzureWorkloadIdentityKeys;
  readonly #context: ProviderContext;

  constructor(keys: AzureWorkloadIdentityKeys, context: ProviderContext) {
    this.#keys = keys;
    this.#context = context;
  }

  async get({ signal }: CredentialRequest): Promise<ProvidedCredential> {
    const { variable, caCerts } = this.#context;
    const { authority_host, ...found } = resolve(this.#keys, variable);
    const { tenant_id: tenantId, client_id: clientId, federated_token_file: tokenFilePath } = found;
    if (tenantId === undefined || clientId === undefined || tokenFilePath === undefined) {
      throw notConfigured(found);
    }
    const transport = new IdentityTransport(signal, caCerts);
    return await exchangeToken({
      provider: NAME,
      authority: authority_host,
      permissions: permissions(this.#keys, variable),
      scope: this.#keys.scope,
      transport,
      // A new one for each token: the library's cache, and its copy of the file, live in it.
      credential: async () => {
        await readSecretFile(NAME, "federated_token_file", tokenFilePath);
        const { WorkloadIdentityCredential } = await import("@azure/identity");
        return new WorkloadIdentityCredential({
          tenantId,
          clientId,
          tokenFilePath,
          ...authorityOptions(authority_host),
          httpClient: transport,
          retryOptions: { maxRetries: 0 },
        });
      },
    });
  }
}

function notConfigured(
  found: Record<Exclude<Key, "authority_host">, string | undefined>,
): CredentialError {
  const missing = (Object.keys(found) as (keyof typeof found)[])
    .filter((key) => found[key] === undefined).map((key) => VARIABLES[key]);
  return new CredentialError(
    "unavailable",
    `${NAME}: ${
      missing.join(", ")
    } not set; in AKS label the pod azure.workload.identity/use: "true" ` +
      "and annotate its service account with azure.workload.identity/client-id",
  );
}
