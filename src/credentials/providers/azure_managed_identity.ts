import type { ManagedIdentityCredential, TokenCredential } from "@azure/identity";
import { PUBLIC_AUTHORITY } from "./authority.ts";
import { exchangeToken, LIBRARY_PERMISSIONS, requirePermissions } from "./exchange.ts";
import { IdentityTransport } from "./identity_transport.ts";
import type { PermissionNeeds } from "../../permissions/needs.ts";
import { netAddressOf } from "../../net/address.ts";
import {
  CredentialError,
  type CredentialProvider,
  type CredentialRequest,
  type ProvidedCredential,
} from "../provider.ts";
import type { ProviderType } from "./provider_type.ts";
import type { ReadVariable } from "../../permissions/variable.ts";

/** A managed identity of the machine we run on, as TOML spells it. */
export interface AzureManagedIdentityKeys {
  /** Client ID of a user-assigned identity; absent for the system-assigned one. */
  readonly client_id?: string | undefined;
  /** What the token is for, with or without `/.default`. */
  readonly scope: string;
  /** The same in a managed identity's word; wins over the scope. */
  readonly resource?: string | undefined;
}

const NAME = "azure_managed_identity";

/** https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service */
const IMDS = "http://169.254.169.254";
const IMDS_TOKEN_PATH = "/metadata/identity/oauth2/token";
/** Milliseconds IMDS gets to answer at all. It is a hop away, and where it is missing nobody is. */
const PROBE_TIMEOUT = 2_000;

/** Sends the library to another IMDS, as AAD Pod Identity did. */
const IMDS_VARIABLE = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

/**
 * Where hosts other than virtual machines say how to ask: App Service, Functions and Container Apps
 * in the first two, others in the rest.
 * https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
const ENDPOINT_VARIABLES = ["IDENTITY_ENDPOINT", "MSI_ENDPOINT"] as const;
const OTHER_VARIABLES = [
  "IDENTITY_HEADER",
  "IDENTITY_SERVER_THUMBPRINT",
  "IMDS_ENDPOINT",
  "MSI_SECRET",
] as const;

/** Whom to ask for tokens. */
interface Source {
  readonly url: string;
  readonly isImds: boolean;
}

function source(variable: ReadVariable): Source {
  const url = ENDPOINT_VARIABLES.map(variable).find((url) => url !== undefined);
  if (url !== undefined && URL.canParse(url)) return { url, isImds: false };
  return { url: variable(IMDS_VARIABLE) ?? IMDS, isImds: true };
}

/** The identity Azure gave this machine, whether virtual machine, web app or container. */
export const azureManagedIdentity: ProviderType<AzureManagedIdentityKeys> = {
  permissions: (_keys, variable) => permissions(variable),
  create: (keys, { variable }) => new AzureManagedIdentityProvider(keys, variable),
};

function permissions(variable: ReadVariable): PermissionNeeds {
  return {
    ...LIBRARY_PERMISSIONS,
    net: [netAddressOf(source(variable).url)],
    env: [IMDS_VARIABLE, ...ENDPOINT_VARIABLES, ...OTHER_VARIABLES],
  };
}

/**
 * Where the library looks for the agent of Azure Arc. It takes a refusal for "not there", but at a
 * terminal Deno asks before it refuses, and we never prompt.
 */
const ARC_AGENT = Deno.build.os === "windows"
  ? "C:\\Program Files\\AzureConnectedMachineAgent\\himds.exe"
  : "/opt/azcmagent/bin/himds";

function withoutPrompt(needs: PermissionNeeds): PermissionNeeds {
  return Deno.stdin.isTerminal() ? { ...needs, read: [...needs.read, ARC_AGENT] } : needs;
}

class AzureManagedIdentityProvider implements CredentialProvider {
  readonly name = NAME;
  readonly #keys: AzureManagedIdentityKeys;
  readonly #variable: ReadVariable;
  readonly #transport = new IdentityTransport();
  #credential: Promise<ManagedIdentityCredential> | undefined;
  #answered = false;

  /** Make one a process: the library keeps the first one's transport for all that follow. */
  constructor(keys: AzureManagedIdentityKeys, variable: ReadVariable) {
    this.#keys = keys;
    this.#variable = variable;
  }

  async get({ signal, fresh }: CredentialRequest): Promise<ProvidedCredential> {
    const { client_id: clientId, scope, resource = scope } = this.#keys;
    const needs = withoutPrompt(permissions(this.#variable));
    requirePermissions(NAME, needs);
    const { url, isImds } = source(this.#variable);
    if (isImds && !this.#answered) await probeImds(url, signal);
    this.#answered = true;
    this.#transport.begin(signal);
    return await exchangeToken({
      provider: NAME,
      authority: new URL(url).host,
      permissions: needs,
      scope: resource,
      transport: this.#transport,
      credential: async () => {
        this.#credential ??= createCredential(clientId, this.#transport);
        const credential = await this.#credential;
        return fresh ? pastTheCache(credential) : credential;
      },
      explain: (answer) => explainAnswer(answer, clientId),
    });
  }
}

async function createCredential(
  clientId: string | undefined,
  transport: IdentityTransport,
): Promise<ManagedIdentityCredential> {
  const { ManagedIdentityCredential } = await import("@azure/identity");
  return new ManagedIdentityCredential({
    ...(clientId !== undefined && { clientId }),
    authorityHost: PUBLIC_AUTHORITY,
    httpClient: transport,
    retryOptions: { maxRetries: 0 },
  });
}

/**
 * The library keeps managed identities' tokens for the whole process and offers no way past that:
 * its own application, behind the credential, does. Guarded by
 * `tests/integration/managed_identity_test.ts`.
 */
function pastTheCache(credential: ManagedIdentityCredential): TokenCredential {
  return {
    async getToken(scope) {
      const resource = String(scope).replace(/\/\.default$/, "");
      const application = credential["managedIdentityApp"];
      const answer = await application.acquireToken({ resource, forceRefresh: true });
      return {
        token: answer.accessToken,
        expiresOnTimestamp: answer.expiresOn.getTime(),
        refreshAfterTimestamp: answer.refreshOn?.getTime(),
      };
    },
  };
}

/**
 * Finds out whether there is an IMDS. Without its `Metadata` header a request cannot get a token,
 * but any answer to it shows that somebody is there.
 */
async function probeImds(url: string, signal: AbortSignal): Promise<void> {
  try {
    const response = await fetch(new URL(IMDS_TOKEN_PATH, url), {
      signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT)]),
    });
    const body = await response.text();
    // Docker Desktop answers for addresses that do not exist.
    if (response.status !== 403 || !body.includes("unreachable")) return;
  } catch {
    signal.throwIfAborted();
  }
  throw new CredentialError(
    "unavailable",
    `${NAME}: no managed identity on this machine (IMDS at ${new URL(url).host} did not answer ` +
      `within ${PROBE_TIMEOUT / 1000} s); outside Azure use another type, such as azure_cli`,
  );
}

/** IMDS and App Service answer 400 where the identity asked for is not there. */
function explainAnswer(
  { status, description }: { readonly status: number; readonly description: string },
  clientId: string | undefined,
): CredentialError | undefined {
  if (status === 404 || status === 410) {
    return new CredentialError(
      "unreachable",
      `${NAME}: not ready yet (status ${status}); it will be asked again`,
    );
  }
  if (status !== 400) return undefined;
  const which = clientId === undefined
    ? "this machine has no system-assigned identity; assign one, or set client_id to a " +
      "user-assigned one"
    : `no identity with client_id ${clientId} is assigned to this machine`;
  return new CredentialError("unavailable", `${NAME}: ${which} (${description || "status 400"})`);
}
