import type { TokenCredential } from "@azure/identity";
import { type ExplainAnswer, explainExchange } from "./entra_errors.ts";
import type { IdentityTransport } from "./identity_transport.ts";
import { forwardProxyName } from "../../net/environment_proxy.ts";
import { fetchFailure } from "../../net/network_failure.ts";
import { untrustedPeer } from "../../net/untrusted_peer.ts";
import { permissionFlags } from "../../permissions/flags.ts";
import { missingPermissions } from "../../permissions/granted.ts";
import { NO_PERMISSIONS, type PermissionNeeds } from "../../permissions/needs.ts";
import { CredentialError, type ProvidedCredential } from "../provider.ts";
import { bearer } from "./bearer.ts";

/** What the library needs, whomever it asks: it looks at variables and at the system. */
export const LIBRARY_PERMISSIONS: PermissionNeeds = {
  ...NO_PERMISSIONS,
  ignoreEnv: true,
  sys: ["osRelease"],
};

/** One token, asked of an authority through the library. */
export interface Exchange {
  /** The provider's name, for messages. */
  readonly provider: string;
  /** URL of whom it asks. */
  readonly authority: string;
  /** What gives that URL, for messages: a setting or a variable. @default "authority_host" */
  readonly addressedBy?: string;
  readonly permissions: PermissionNeeds;
  readonly scope: string;
  readonly transport: IdentityTransport;
  /** Makes the library's credential, which sends by `transport`; called once permissions stand. */
  readonly credential: () => Promise<TokenCredential>;
  /** What an answer means that is no matter of Entra's own. */
  readonly explain?: ExplainAnswer;
}

/** @throws {CredentialError} with what to do about it */
export async function exchangeToken(exchange: Exchange): Promise<ProvidedCredential> {
  const { provider, permissions, scope, transport, credential } = exchange;
  requirePermissions(provider, permissions);
  try {
    const answer = await (await credential()).getToken(scope);
    if (answer === null) throw new TypeError("No token");
    const { token, expiresOnTimestamp: expiresAt, refreshAfterTimestamp: refreshAt } = answer;
    return bearer({ token, expiresAt, ...(refreshAt !== undefined && { refreshAt }) });
  } catch (error) {
    const { refusal, failure } = transport;
    const { authority, addressedBy = "authority_host", explain } = exchange;
    const forwardProxy = forwardProxyName(authority);
    const peer = await untrustedPeer(fetchFailure(failure), authority, transport.caCerts);
    const whom = { provider, authority: new URL(authority).host, addressedBy, forwardProxy, peer };
    throw explainExchange({ ...whom, error, refusal, failure, explain });
  }
}

/** @throws {CredentialError} with the flags to start with, where any is missing */
export function requirePermissions(provider: string, permissions: PermissionNeeds): void {
  const flags = permissionFlags(missingPermissions(permissions));
  if (flags.length === 0) return;
  throw new CredentialError(
    "denied",
    `${provider}: permission missing; start with ${flags.join(" ")}`,
  );
}
