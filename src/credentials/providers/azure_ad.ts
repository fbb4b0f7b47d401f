import type { TokenCredential } from "@azure/identity";
import { type AuthorityOptions, authorityOptions } from "./authority.ts";
import {
  readSigningCertificate,
  signAssertion,
  type SigningCertificate,
} from "./certificate_assertion.ts";
import { PemError } from "../../net/pem.ts";
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

/** An application of Entra ID and what proves that we are it. */
export interface AzureAdOptions {
  readonly tenantId: string | undefined;
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  /** PEM file with the certificate and its private key. */
  readonly clientCertificatePath: string | undefined;
  readonly scope: string;
  readonly authorityHost: string;
  /** PEM certificates to trust beside the usual ones. */
  readonly caCerts?: readonly string[];
}

const NAME = "azure_ad";

/** What asking Entra ID needs. */
export function azureAdPermissions(
  { authorityHost, clientCertificatePath }: AzureAdOptions,
): PermissionNeeds {
  return {
    ...NO_PERMISSIONS,
    net: [netAddressOf(authorityHost)],
    read: clientCertificatePath === undefined ? [] : [clientCertificatePath],
    ignoreEnv: true,
    sys: ["osRelease"],
  };
}

/**
 * Tokens for an application with a client secret or a certificate.
 * https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
export class AzureAdProvider implements TokenProvider {
  readonly name = NAME;
  readonly #options: AzureAdOptions;

  constructor(options: AzureAdOptions) {
    this.#options = options;
  }

  getToken({ signal }: TokenRequest): Promise<AccessToken> {
    const { tenantId, clientId, clientSecret, clientCertificatePath } = this.#options;
    const hasProof = clientSecret !== undefined || clientCertificatePath !== undefined;
    if (tenantId === undefined || clientId === undefined || !hasProof) return notConfigured();
    const application = { ...this.#options, tenantId, clientId };
    const transport = new IdentityTransport(signal, this.#options.caCerts);
    return exchangeToken({
      provider: NAME,
      authority: new URL(application.authorityHost).host,
      permissions: azureAdPermissions(application),
      scope: application.scope,
      transport,
      credential: () => createCredential(application, transport),
    });
  }
}

function notConfigured(): Promise<never> {
  const message = `${NAME}: not configured; set tenant_id, client_id and client_secret or ` +
    "client_certificate_path";
  return Promise.reject(new TokenError("unavailable", message));
}

type Application = AzureAdOptions & { readonly tenantId: string; readonly clientId: string };

/** A new credential for each token, because the library's own cache lives in it. */
async function createCredential(
  { tenantId, clientId, clientSecret, clientCertificatePath, authorityHost }: Application,
  transport: IdentityTransport,
): Promise<TokenCredential> {
  const options: LibraryOptions = {
    ...authorityOptions(authorityHost),
    httpClient: transport,
    retryOptions: { maxRetries: 0 },
  };
  const identity = await import("@azure/identity");
  if (clientCertificatePath === undefined) {
    return new identity.ClientSecretCredential(tenantId, clientId, clientSecret ?? "", options);
  }
  const certificate = await readCertificate(clientCertificatePath);
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
    throw new TokenError("denied", `${NAME}: ${error.message}; ${advice}`);
  }
}
