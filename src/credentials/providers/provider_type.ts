import type { PermissionNeeds } from "../../permissions/needs.ts";
import type { ReadVariable } from "../../permissions/variable.ts";
import type { CredentialProvider } from "../provider.ts";

/** What providers are made with, besides settings. */
export interface ProviderContext {
  /** Reads the environment. */
  readonly variable: ReadVariable;
  /** PEM certificates that authorities may have, beside the usual ones. */
  readonly caCerts: readonly string[];
}

/**
 * A type of upstream authentication.
 *
 * @typeParam Keys what it is made from: keys of the `[upstream_auth]` table, as TOML spells them
 */
export interface ProviderType<Keys> {
  /** The permissions it needs. Some depend on variables: App Service names its endpoint in one. */
  permissions(keys: Keys, variable: ReadVariable): PermissionNeeds;
  /** Makes the provider. Nothing is loaded, read or asked yet. */
  create(keys: Keys, context: ProviderContext): CredentialProvider;
  /** Why it cannot apply under `deno serve`, on a host that lends us no program and no file. */
  readonly notHosted?: string;
}
