import type { TokenCredential } from "@azure/identity";
import { type AuthorityOptions, authorityOptions, PUBLIC_AUTHORITY } from "./authority.ts";
import {
  readSigningCertificate,
  signAssertion,
  type SigningCertificate,
} from "./certificate_assertion.ts";
import { PemError } from "../../net/pem.ts";
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
import type { ProviderType } from "./provider_type.ts";

/** An application of Entra ID and what proves that we are it, as TOML spells it. */
export interface AzureAdKeys {
  readonly tenant_id?: string | undefined;
  readonly client_id?: string | undefined;
  readonly client_secret?: string | undefined;
  /** PEM file with the certificate and its private key; wins over the secret. */
  readonly client_certificate_path?: string | undefined;
  readonly scope: string;
  /** @default {the public cloud} */
  readonly authority_host?: string | undefined;
}

const NAME = "azure_ad";

/** https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow */
export const azureAd: ProviderType<AzureAdKeys> = {
  permissions,
  create: (keys, { caCerts }) => new AzureAdProvider(keys, caCerts),
};

function permissions(
  { authority_host, client_certificate_path: path }: AzureAdKeys,
): PermissionNeeds {
  return {
    ...LIBRARY_PERMISSIONS,
    net: [netAddressOf(authority_host ?? PUBLIC_AUTHORITY)],
    read: path === undefined ? [] : [path],
  };
}

/** Tokens for an application with a client secret or a certificate. */
class AzureAdProvider implements CredentialProvider {
  readonly name = NAME;
  readonly #keys: AzureAdKeys;
  readonly #caCerts: readonly string[];

  /** @param caCerts PEM certificates that the authority may have, beside the usual ones */
  constructor(keys: AzureAdKeys, caCerts: readonly string[]) {
    this.#keys = keys;
    this.#caCerts = caCerts;
  }

  async get({ signal }: CredentialRequest): Promise<ProvidedCredential> {
    const { tenant_id, client_id, client_secret, client_certificate_path: path } = this.#keys;
    const hasProof = client_secret !== undefined || path !== undefined;
    if (tenant_id === undefined || client_id === undefined || !hasProof) {
      throw notConfigured({
        tenant_id,
        client_id,
        "client_secret or client_certificate_path": client_secret ?? path,
      });
    }
    const { authority_host = PUBLIC_AUTHORITY, scope } = this.#keys;
    const application = { ...this.#keys, tenant_id, client_id, authority_host };
    const transport = new IdentityTransport(signal, this.#caCerts);
    return await exchangeToken({
      provider: NAME,
      authority: authority_host,
      permissions: permissions(application),
      scope,
      transport,
      credential: () => createCredential(application, transport),
    });
  }
}

/** @param needed what it takes, by the names of the settings */
function notConfigured(needed: Readonly<Record<string, unknown>>): CredentialError {
  const missing = Object.keys(needed).filter((name) => needed[name] === undefined);
  return new CredentialError("unavailable", `${NAME}: ${missing.join(", ")} not set`);
}

type Application = AzureAdKeys & {
  readonly tenant_id: string;
  readonly client_id: string;
  readonly authority_host: string;
};

/** A new credential for each token, because the library's own cache lives in it. */
async function createCredential(
  keys: Application,
  transport: IdentityTransport,
): Promise<TokenCredential> {
  const { tenant_id: tenantId, client_id: clientId, client_certificate_path: path } = keys;
  const options: LibraryOptions = {
    ...authorityOptions(keys.authority_host),
    httpClient: transport,
    retryOptions: { maxRetries: 0 },
  };
  const identity = await import("@azure/identity");
  if (path === undefined) {
    const secret = keys.client_secret ?? "";
    return new identity.ClientSecretCredential(tenantId, clientId, secret, options);
  }
  const certificate = await readCertificate(path);
  const audience = `${options.authorityHost}/${tenantId}/oauth2/v2.0/token`;
  const assertion = () =>
    Promise.resolve(signAssertion(certificate, { clientId, audience, now: Date.now() }));
  return new identity.ClientAssertionCredential(tenantId, clientId, assertion, options);
}

type LibraryOptions = AuthorityOptions & {
  readonly httpClient: IdentityTransport;
  readonly retryOptions: { readonly maxRetries: number };
};

/** Read anew for each token, so that a renewed certificate needs no restart. */
async function readCertificate(path: string): Promise<SigningCertificate> {
  const text = await readSecretFile(NAME, "client_certificate_path", path);
  const name = `client_certificate_path "${path}"`;
  try {
    return readSigningCertificate({ name, text }, Date.now());
  } catch (error) {
    if (!(error instanceof PemError)) throw error;
    const advice = "put the application's certificate and its RSA key into one PEM file";
    throw new CredentialError("denied", `${NAME}: ${error.message}; ${advice}`);
  }
}
