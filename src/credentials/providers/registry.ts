import type { UpstreamAuthSettings } from "../../config/schema/settings.ts";
import type { PermissionNeeds } from "../../permissions/needs.ts";
import { type ReadVariable, readVariable } from "../../permissions/variable.ts";
import type { CredentialProvider } from "../provider.ts";
import { apiKey } from "./api_key.ts";
import { azureAd } from "./azure_ad.ts";
import { azureCli } from "./azure_cli.ts";
import { azureManagedIdentity } from "./azure_managed_identity.ts";
import { azureWorkloadIdentity } from "./azure_workload_identity.ts";
import { chainOf } from "./chain.ts";
import type { ProviderContext, ProviderType } from "./provider_type.ts";

type TypeName = UpstreamAuthSettings["type"];
type KeysOf<Type extends TypeName> = Extract<UpstreamAuthSettings, { type: Type }>;

/** What a chain can be made of. */
const members = {
  azure_ad: azureAd,
  azure_cli: azureCli,
  azure_managed_identity: azureManagedIdentity,
  azure_workload_identity: azureWorkloadIdentity,
};

/** Every type of upstream authentication, by its name in `upstream_auth.type`. */
const types: { readonly [Type in TypeName]: ProviderType<KeysOf<Type>> } = {
  api_key: apiKey,
  ...members,
  chain: chainOf(members),
};

function typeOf(auth: UpstreamAuthSettings): ProviderType<UpstreamAuthSettings> {
  return types[auth.type];
}

/**
 * Makes the provider that the settings ask for. Nothing is loaded, read or asked yet.
 *
 * @param context whatever is not given is the environment's, or none
 */
export function createProvider(
  auth: UpstreamAuthSettings,
  { variable = readVariable, caCerts = [] }: Partial<ProviderContext> = {},
): CredentialProvider {
  return typeOf(auth).create(auth, { variable, caCerts });
}

/**
 * The permissions that upstream authentication needs.
 *
 * @param variable reads the environment @default {readVariable}
 */
export function upstreamAuthPermissions(
  auth: UpstreamAuthSettings,
  variable: ReadVariable = readVariable,
): PermissionNeeds {
  return typeOf(auth).permissions(auth, variable);
}

/** Which of the types that the settings name cannot apply under `deno serve`, and why. */
export function notHosted(auth: UpstreamAuthSettings): { type: TypeName; reason: string }[] {
  const named: readonly TypeName[] = auth.type === "chain" ? auth.chain : [auth.type];
  return named.flatMap((type) => {
    const reason = types[type].notHosted;
    return reason === undefined ? [] : [{ type, reason }];
  });
}
