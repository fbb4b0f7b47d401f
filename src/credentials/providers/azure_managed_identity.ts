import type { ManagedIdentityCredential, TokenCredential } from "@azure/identity";
import { PUBLIC_AUTHORITY } from "./authority.ts";
import { exchangeToken, LIBRARY_PERMISSIONS, requirePermissions } from "./exchange.ts";
import { IdentityTransport } from "./identity_transport.ts";
import type { PermissionNeeds } from "../../permissions/needs.ts";
import { netAddressOf } from "../../net/address.ts";
import { environmentProxy, forwardProxyName } from "../../net/environment_proxy.ts";
import { forwardProxyFor, PROXY_VARIABLES } from "../../net/forward_proxy.ts";
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
  /** The variable that gives the URL. */
  readonly variable: string;
  readonly isImds: boolean;
}

function source(variable: ReadVariable): Source {
  const named = ENDPOINT_VARIABLES.find((name) => variable(name) !== undefined);
  const url = named && variable(named);
  if (url !== undefined && URL.canParse(url)) return { url, variable: named!, isImds: false };
  return { url: variable(IMDS_VARIABLE) ?? IMDS, variable: IMDS_VARIABLE, isImds: true };
}

/** The identity Azure gave this machine, whether virtual machine, web app or container. */
export const azureManagedIdentity: ProviderType<AzureManagedIdentityKeys> = {
  permissions: (_keys, variable) => permissions(variable),
  create: (keys, { variable }) => new AzureManagedIdentityProvider(keys, variable),
};

function permissions(variable: ReadVariable): PermissionNeeds {
  const { url } = source(variable);
  // They are named where a forward proxy is in the way.
  const proxies = forwardProxyFor(url, variable) === undefined ? [] : PROXY_VARIABLES;
  return {
    ...LIBRARY_PERMISSIONS,
    net: [netAddressOf(url)],
    env: [IMDS_VARIABLE, ...ENDPOINT_VARIABLES, ...OTHER_VARIABLES, ...proxies],
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

  async get(request: CredentialRequest): Promise<ProvidedCredential> {
    const needs = withoutPrompt(permissions(this.#variable));
    requirePermissions(NAME, needs);
    const asked = source(this.#variable);
    try {
      return await this.#ask(asked, needs, request);
    } catch (error) {
      request.signal.throwIfAborted();
      throw forwardProxyInTheWay(asked) ?? error;
    }
  }

  async #ask(
    asked: Source,
    needs: PermissionNeeds,
    { signal, fresh }: CredentialRequest,
  ): Promise<ProvidedCredential> {
    const { client_id: clientId, scope, resource = scope } = this.#keys;
    if (asked.isImds && !this.#answered) await probeImds(asked.url, signal);
    this.#answered = true;
    this.#transport.begin(signal);
    return await exchangeToken({
      provider: NAME,
      authority: asked.url,
      addressedBy: asked.variable,
      permissions: needs,
      scope: resource,
      transport: this.#transport,
      credential: async () => {
        this.#credential ??= createCredential(clientId, this.#transport);
        const credential = await this.#credential;
        return fresh ? pastTheCache(credential) : credential;
      },
      explain: (answer) => explainAnswer(answer, asked, clientId),
    });
  }
}

/**
 * Whom to ask is on this machine, and a forward proxy would ask its own.
 * https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service#proxies
 */
function forwardProxyInTheWay({ url }: Source): CredentialError | undefined {
  const proxy = forwardProxyName(url);
  if (proxy === undefined) return undefined;
  const { host, hostname } = new URL(url);
  const message = `${NAME}: ${proxy} is in the way to ${host}; put ${hostname} into NO_PROXY`;
  return new CredentialError("unavailable", message);
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

/** What Azure's IMDS answers to a request that could not get a token, and while it cannot answer. */
const IMDS_ANSWERS: ReadonlySet<number> = new Set([400, 410, 429, 500, 502, 503, 504]);

/**
 * Finds out whether there is an IMDS. Without its `Metadata` header a request cannot get a token.
 * Metadata services of other clouds listen at the same address and answer 401, 403 or 404, and Docker
 * Desktop answers 403 for addresses that do not exist.
 */
async function probeImds(url: string, signal: AbortSignal): Promise<void> {
  const answer = await fetch(new URL(IMDS_TOKEN_PATH, url), {
    signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT)]),
  }).catch(() => undefined);
  signal.throwIfAborted();
  await answer?.body?.cancel();
  if (answer === undefined) throw missing(url, `did not answer within ${PROBE_TIMEOUT / 1000} s`);
  if (!IMDS_ANSWERS.has(answer.status)) throw missing(url, `answered ${answer.status}`);
}

/** There is no identity here, as far as anybody can tell: a chain goes on. */
function missing(url: string, what: string): CredentialError {
  const { host, hostname } = new URL(url);
  const hidden = environmentProxy(url).unread
    ? `; if HTTP_PROXY is set, put ${hostname} into NO_PROXY`
    : "";
  return new CredentialError(
    "unavailable",
    `${NAME}: no managed identity on this machine (IMDS at ${host} ${what}); outside Azure use ` +
      `another type, such as azure_cli${hidden}`,
  );
}

/** An answer with a status from 400 up. IMDS and App Service answer 400 where an identity is not there. */
function explainAnswer(
  { status, description }: { readonly status: number; readonly description: string },
  { url, variable, isImds }: Source,
  clientId: string | undefined,
): CredentialError | undefined {
  const answer = description ? `${status}: ${description}` : `${status}`;
  if (status === 429 || status >= 500 || description.includes("AADSTS")) return undefined;
  if (status === 400) {
    const which = clientId === undefined
      ? "this machine has no system-assigned identity; assign one, or set client_id to a " +
        "user-assigned one"
      : `no identity with client_id ${clientId} is assigned to this machine`;
    return new CredentialError("unavailable", `${NAME}: ${which} (${answer})`);
  }
  if (isImds && (status === 401 || status === 404)) return missing(url, `answered ${answer}`);
  if (status === 404 || status === 410) {
    const message = `${NAME}: not ready yet (status ${answer}); it will be asked again`;
    return new CredentialError("unreachable", message);
  }
  const remedy = isImds
    ? "let the user we run as reach IMDS: a network policy or a guard on this machine forbids it"
    : `${variable} and IDENTITY_HEADER must be those that Azure set for this process`;
  const { host } = new URL(url);
  return new CredentialError("denied", `${NAME}: ${host} answered ${answer}; ${remedy}`);
}
