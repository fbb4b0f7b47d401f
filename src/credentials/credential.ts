import type { CredentialHeader } from "../clients/identify.ts";

/** What the proxy presents to the upstream. */
export type UpstreamCredential =
  | { readonly kind: "bearer"; readonly token: string }
  | { readonly kind: "api_key"; readonly key: string; readonly header: ApiKeyHeader };

/** Where an API key goes: a header by name, or `auto` to decide by the upstream's host. */
export type ApiKeyHeader = "auto" | CredentialHeader;

/**
 * The header lines that carry a credential to the upstream.
 *
 * @param credential the credential to present
 * @param upstreamHost the upstream's host name, without port
 * @param presentedIn the headers in which the client presented its own, for hosts nobody knows
 */
export function credentialHeaders(
  credential: UpstreamCredential,
  upstreamHost: string,
  presentedIn: readonly CredentialHeader[],
): [string, string][] {
  if (credential.kind === "bearer") return [["authorization", `Bearer ${credential.token}`]];
  const names = credential.header === "auto"
    ? automaticHeaders(upstreamHost, presentedIn)
    : [credential.header];
  return names.map((
    name,
  ) => [name, name === "authorization" ? `Bearer ${credential.key}` : credential.key]);
}

/**
 * Anthropic: https://docs.anthropic.com/en/api/overview#authentication
 * Azure: https://learn.microsoft.com/azure/ai-foundry/openai/reference#authentication
 * OpenAI: https://platform.openai.com/docs/api-reference/authentication
 */
function automaticHeaders(
  upstreamHost: string,
  presentedIn: readonly CredentialHeader[],
): readonly CredentialHeader[] {
  if (upstreamHost.endsWith(".anthropic.com")) return ["x-api-key"];
  if (upstreamHost.endsWith(".azure.com")) return ["api-key"];
  if (upstreamHost === "api.openai.com") return ["authorization"];
  return presentedIn;
}
