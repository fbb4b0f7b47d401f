import { authorityOptions, PUBLIC_AUTHORITY } from "./authority.ts";
import { exchangeToken } from "./exchange.ts";
import { IdentityTransport } from "./identity_transport.ts";
import { NO_PERMISSIONS, type PermissionNeeds } from "../../permissions/needs.ts";
import { netAddressOf } from "../../net/address.ts";
import { readSecretFile } from "./secret_file.ts";
import {
  type AccessToken,
  TokenError,
  type TokenProvider,
  type TokenRequest,
} from "./token_provider.ts";
import type { ReadVariable } from "../../permissions/variable.ts";

/**
 * A Kubernetes service account that stands for an application. What is not set comes from the
 * variables that AKS's webhook sets.
 * https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html
 */
export interface AzureWorkloadIdentityOptions {
  /** @default {AZURE_TENANT_ID} */
  readonly tenantId: string | undefined;
  /** @default {AZURE_CLIENT_ID} */
  readonly clientId: string | undefined;
  /** @default {AZURE_FEDERATED_TOKEN_FILE} */
  readonly federatedTokenFile: string | undefined;
  readonly scope: string;
  /** @default {AZURE_AUTHORITY_HOST, else the public cloud} */
  readonly authorityHost: string | undefined;
  /** PEM certificates to trust beside the usual ones. */
  readonly caCerts?: readonly string[];
}

const NAME = "azure_workload_identity";

const VARIABLES = {
  tenantId: "AZURE_TENANT_ID",
  clientId: "AZURE_CLIENT_ID",
  federatedTokenFile: "AZURE_FEDERATED_TOKEN_FILE",
  authorityHost: "AZURE_AUTHORITY_HOST",
} as const;

type Key = keyof typeof VARIABLES;
type Resolved = Record<Exclude<Key, "authorityHost">, string | undefined> & {
  readonly scope: string;
  readonly authorityHost: string;
};

function resolve(options: AzureWorkloadIdentityOptions, variable: ReadVariable): Resolved {
  const value = (key: Key) => options[key] ?? variable(VARIABLES[key]);
  return {
    tenantId: value("tenantId"),
    clientId: value("clientId"),
    federatedTokenFile: value("federatedTokenFile"),
    authorityHost: value("authorityHost") ?? PUBLIC_AUTHORITY,
    scope: options.scope,
  };
}

/** What exchanging the service account's token needs. */
export function azureWorkloadIdentityPermissions(
  options: AzureWorkloadIdentityOptions,
  variable: ReadVariable,
): PermissionNeeds {
  const { authorityHost, federatedTokenFile } = resolve(options, variable);
  const keys = Object.keys(VARIABLES) as Key[];
  return {
    ...NO_PERMISSIONS,
    net: [netAddressOf(authorityHost)],
    read: federatedTokenFile === undefined ? [] : [federatedTokenFile],
    env: keys.filter((key) => options[key] === undefined).map((key) => VARIABLES[key]),
    ignoreEnv: true,
    sys: ["osRelease"],
  };
}

/**
 * Tokens for a pod's service account, by exchange of the token that Kubernetes keeps in a file.
 * https://learn.microsoft.com/azure/aks/workload-identity-overview
 */
export class AzureWorkloadIdentityProvider implements TokenProvider {
  readonly name = NAME;
  readonly #options: AzureWorkloadIdentityOptions;
  readonly #variable: ReadVariable;

  constructor(options: AzureWorkloadIdentityOptions, variable: ReadVariable) {
    this.#options = options;
    this.#variable = variable;
  }

  async getToken({ signal }: TokenRequest): Promise<AccessToken> {
    const { tenantId, clientId, federatedTokenFile, authorityHost, scope } = resolve(
      this.#options,
      this.#variable,
    );
    if (tenantId === undefined || clientId === undefined || federatedTokenFile === undefined) {
      throw notConfigured({ tenantId, clientId, federatedTokenFile });
    }
    const transport = new IdentityTransport(signal, this.#options.caCerts);
    return await exchangeToken({
      provider: NAME,
      authority: new URL(authorityHost).host,
      permissions: azureWorkloadIdentityPermissions(this.#options, this.#variable),
      scope,
      transport,
      // A new one for each token: the library's cache, and its copy of the file, live in it.
      credential: async () => {
        await readSecretFile(NAME, "federated_token_file", federatedTokenFile);
        const { WorkloadIdentityCredential } = await import("@azure/identity");
        return new WorkloadIdentityCredential({
          tenantId,
          clientId,
          tokenFilePath: federatedTokenFile,
          ...authorityOptions(authorityHost),
          httpClient: transport,
          retryOptions: { maxRetries: 0 },
        });
      },
    });
  }
}

function notConfigured(
  found: Record<Exclude<Key, "authorityHost">, string | undefined>,
): TokenError {
  const missing = (Object.keys(found) as (keyof typeof found)[])
    .filter((key) => found[key] === undefined).map((key) => VARIABLES[key]);
  return new TokenError(
    "unavailable",
    `${NAME}: ${missing.join(", ")} not set; label the pod azure.workload.identity/use: "true" ` +
      "and annotate its service account with azure.workload.identity/client-id",
  );
}
