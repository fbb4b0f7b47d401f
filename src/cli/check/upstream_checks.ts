import { CREDENTIAL_HEADERS } from "../../clients/identify.ts";
import { StartError } from "../../config/load/start_error.ts";
import type { Settings, UpstreamAuthSettings } from "../../config/schema/settings.ts";
import { credentialHeaders, type UpstreamCredential } from "../../credentials/credential.ts";
import { timedOut } from "../../credentials/cache.ts";
import { CredentialError } from "../../credentials/provider.ts";
import { createProvider } from "../../credentials/providers/registry.ts";
import { forwardProxyName } from "../../net/environment_proxy.ts";
import { failureAdvice } from "../../net/failure_advice.ts";
import { untrustedPeer } from "../../net/untrusted_peer.ts";
import { RequestBody } from "../../proxy/body.ts";
import { type Failed, refusalOf } from "../../proxy/failure.ts";
import { forward } from "../../proxy/forward.ts";
import type { HeaderLine } from "../../proxy/headers.ts";
import { openUpstreamConnection } from "../../supervisor/upstream_connection.ts";
import { upstreamConfig } from "../../supervisor/worker_config.ts";
import { Transport } from "../../upstreams/transport.ts";
import type { UpstreamConfig } from "../../upstreams/upstream.ts";
import type { CheckResult } from "./report.ts";

/** Milliseconds a token may take. */
const TOKEN_TIMEOUT = 30_000;

/** The token and the upstream, on the way that a start would take. */
export async function checkUpstream(settings: Settings): Promise<CheckResult[]> {
  try {
    await using connection = openUpstreamConnection(settings);
    const { caCerts } = connection.tls;
    const { credential, results } = await checkToken(settings.upstream_auth, caCerts);
    if (credential === undefined) return [...results];
    return [...results, await checkAnswer(upstreamConfig(settings, connection), credential)];
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [{ name: "certificate files", ok: false, text: error.complaints.join("; ") }];
  }
}

/** The credential to try the upstream with, and what getting it has shown. */
interface CheckedCredential {
  /** Absent when there is none to be had. */
  readonly credential: UpstreamCredential | undefined;
  /** Empty for one that needs no getting, since it never ends. */
  readonly results: readonly CheckResult[];
}

/** Gets the credential that the settings name. */
async function checkToken(
  auth: UpstreamAuthSettings,
  caCerts: readonly string[],
): Promise<CheckedCredential> {
  const provider = createProvider(auth, { caCerts });
  try {
    const signal = AbortSignal.timeout(TOKEN_TIMEOUT);
    const { credential, expiresAt } = await provider.get({ signal, fresh: false });
    if (expiresAt === Infinity) return { credential, results: [] };
    const text = `${provider.name} gave one, good until ${new Date(expiresAt).toISOString()}`;
    return { credential, results: [{ name: "upstream token", ok: true, text }] };
  } catch (error) {
    const { message } = error instanceof CredentialError
      ? error
      : timedOut(provider, TOKEN_TIMEOUT);
    return {
      credential: undefined,
      results: [{ name: "upstream token", ok: false, text: message }],
    };
  }
}

/**
 * Makes one request that costs nothing, a list of models, and says what the answer means.
 *
 * @param credential what to present
 */
async function checkAnswer(
  config: UpstreamConfig,
  credential: UpstreamCredential,
): Promise<CheckResult> {
  const { hostname } = new URL(config.baseUrl);
  const url = config.baseUrl + modelsPath(hostname);
  const request = new Request(url);
  const headers: HeaderLine[] = [
    ["anthropic-version", "2023-06-01"],
    ...credentialHeaders(credential, hostname, CREDENTIAL_HEADERS),
  ];
  const body = new RequestBody(request, undefined);
  const sent = await forward({ request, url, headers, body }, new Transport(config));
  if ("failure" in sent) return { name: "upstream", ok: false, text: await reasonOf(sent, config) };
  await sent.response.body?.cancel();
  return { name: "upstream", ...meaningOf(sent.response.status, url) };
}

/** What failed, with the settings to look at. */
async function reasonOf({ failure }: Failed, { baseUrl, tls }: UpstreamConfig): Promise<string> {
  if (failure.kind === "client_left") return `${baseUrl}: given up`;
  const { answer, detail = answer.code } = refusalOf(failure);
  const settings = { address: "upstream_url", authorities: "upstream_ca_file" };
  const reason = failureAdvice(detail, settings) ?? `${answer.message} (${detail})`;
  const way = forwardProxyName(baseUrl);
  const peer = await untrustedPeer(detail, baseUrl, tls.caCerts);
  return `${baseUrl}${way ? ` through ${way}` : ""}: ${reason}${peer}`;
}

/** Where a host lists its models; Foundry does so for its OpenAI-compatible endpoint alone. */
function modelsPath(host: string): string {
  return host.endsWith(".azure.com") ? "/openai/v1/models" : "/v1/models";
}

function meaningOf(status: number, url: string): { ok: boolean; text: string } {
  const answer = `${url} answers ${status}`;
  if (status < 300) return { ok: true, text: `${answer}: reached, and the credential is accepted` };
  if (status === 401) {
    return { ok: false, text: `${answer}: the credential is refused; check [upstream_auth]` };
  }
  if (status === 403) {
    return {
      ok: false,
      text: `${answer}: the credential is known but may not do this; on Azure assign the role ` +
        "Azure AI User or Cognitive Services User",
    };
  }
  if (status === 429) return { ok: true, text: `${answer}: reached, and limiting the rate` };
  if (status < 500) {
    return {
      ok: true,
      text: `${answer}: reached; it lists no models there, so this says nothing of the credential`,
    };
  }
  return { ok: false, text: `${answer}: reached, but the upstream is in trouble` };
}
