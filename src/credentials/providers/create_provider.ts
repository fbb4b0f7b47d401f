import type { UpstreamAuthSettings } from "../../config/schema/settings.ts";
import { PUBLIC_AUTHORITY } from "./authority.ts";
import { type AzureAdOptions, azureAdPermissions, AzureAdProvider } from "./azure_ad.ts";
import { type AzureCliOptions, azureCliPermissions, AzureCliProvider } from "./azure_cli.ts";
import {
  type AzureManagedIdentityOptions,
  azureManagedIdentityPermissions,
  AzureManagedIdentityProvider,
} from "./azure_managed_identity.ts";
import {
  type AzureWorkloadIdentityOptions,
  azureWorkloadIdentityPermissions,
  AzureWorkloadIdentityProvider,
} from "./azure_workload_identity.ts";
import { ChainProvider } from "./chain.ts";
import { readVariable } from "../../permissions/variable.ts";
import { joinPermissions, NO_PERMISSIONS, type PermissionNeeds } from "../../permissions/needs.ts";
import type { TokenProvider } from "./token_provider.ts";
import type { ReadVariable } from "../../permissions/variable.ts";

/** The types of upstream authentication that bring tokens. */
export type TokenAuthSettings = Exclude<UpstreamAuthSettings, { type: "api_key" }>;

/** A provider that can be made, and what it will need. */
interface Plan {
  readonly permissions: () => PermissionNeeds;
  readonly create: () => TokenProvider;
}

/**
 * Makes the provider that the settings ask for. Nothing is loaded, read or asked yet.
 *
 * @param caCerts PEM certificates that authorities may have, beside the usual ones
 */
export function createProvider(
  auth: TokenAuthSettings,
  caCerts: readonly string[] = [],
): TokenProvider {
  return plan(auth, readVariable, caCerts).create();
}

/**
 * The permissions that upstream authentication needs. Some depend on variables: App Service names
 * its endpoint in one, for instance.
 *
 * @param variable reads the environment @default {readVariable}
 */
export function upstreamAuthPermissions(
  auth: UpstreamAuthSettings,
  variable: ReadVariable = readVariable,
): PermissionNeeds {
  return auth.type === "api_key" ? NO_PERMISSIONS : plan(auth, variable).permissions();
}

function plan(
  auth: TokenAuthSettings,
  variable: ReadVariable,
  caCerts: readonly string[] = [],
): Plan {
  if (auth.type !== "chain") return planOne(auth.type, { ...auth, caCerts }, variable);
  const members = auth.chain.map((type) => {
    const defaults = { scope: auth.scope, authority_host: auth.authority_host };
    return planOne(type, { ...defaults, ...auth[type], caCerts }, variable);
  });
  return {
    permissions: () => joinPermissions(members.map((member) => member.permissions())),
    create: () => new ChainProvider(members.map((member) => member.create())),
  };
}

/** Every key of every type, as TOML spells them. */
interface Keys {
  readonly tenant_id?: string | undefined;
  readonly client_id?: string | undefined;
  readonly client_secret?: string | undefined;
  readonly client_certificate_path?: string | undefined;
  readonly federated_token_file?: string | undefined;
  readonly scope: string;
  readonly resource?: string | undefined;
  readonly authority_host?: string | undefined;
  readonly caCerts: readonly string[];
}

type SingleType = Exclude<TokenAuthSettings["type"], "chain">;

function planOne(type: SingleType, keys: Keys, variable: ReadVariable): Plan {
  switch (type) {
    case "azure_ad": {
      const options = azureAd(keys);
      return {
        permissions: () => azureAdPermissions(options),
        create: () => new AzureAdProvider(options),
      };
    }
    case "azure_cli": {
      const options: AzureCliOptions = { scope: keys.scope, tenantId: keys.tenant_id };
      return { permissions: azureCliPermissions, create: () => new AzureCliProvider(options) };
    }
    case "azure_managed_identity": {
      const options: AzureManagedIdentityOptions = {
        clientId: keys.client_id,
        resource: keys.resource ?? keys.scope,
      };
      return {
        permissions: () => azureManagedIdentityPermissions(variable),
        create: () => new AzureManagedIdentityProvider(options, variable),
      };
    }
    case "azure_workload_identity": {
      const options = azureWorkloadIdentity(keys);
      return {
        permissions: () => azureWorkloadIdentityPermissions(options, variable),
        create: () => new AzureWorkloadIdentityProvider(options, variable),
      };
    }
  }
}

function azureAd(keys: Keys): AzureAdOptions {
  return {
    tenantId: keys.tenant_id,
    clientId: keys.client_id,
    clientSecret: keys.client_secret,
    clientCertificatePath: keys.client_certificate_path,
    scope: keys.scope,
    authorityHost: keys.authority_host ?? PUBLIC_AUTHORITY,
    caCerts: keys.caCerts,
  };
}

function azureWorkloadIdentity(keys: Keys): AzureWorkloadIdentityOptions {
  return {
    tenantId: keys.tenant_id,
    clientId: keys.client_id,
    federatedTokenFile: keys.federated_token_file,
    scope: keys.scope,
    authorityHost: keys.authority_host,
    caCerts: keys.caCerts,
  };
}
