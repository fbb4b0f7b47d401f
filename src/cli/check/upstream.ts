import { CREDENTIAL_HEADERS } from "../../clients/identify.ts";
import { credentialHeaders, type UpstreamCredential } from "../../credentials/credential.ts";
import { RequestBody } from "../../proxy/body.ts";
import { type Failed, refusalOf } from "../../proxy/failure.ts";
import { forward } from "../../proxy/forward.ts";
import type { HeaderLine } from "../../proxy/headers.ts";
import { Transport } from "../../upstreams/transport.ts";
import type { UpstreamConfig } from "../../upstreams/upstream.ts";
import type { CheckResult } from "./report.ts";

const NAME = "upstream";

/**
 * Makes one request that costs nothing, a list of models, and says what the answer means.
 *
 * @param credential what to present
 */
export async function checkUpstream(
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
  if ("failure" in sent) return { name: NAME, ok: false, text: `${url}: ${reasonOf(sent)}` };
  await sent.response.body?.cancel();
  return { name: NAME, ...meaningOf(sent.response.status, url) };
}

function reasonOf({ failure }: Failed): string {
  if (failure.kind === "client_left") return "given up";
  const { answer, detail } = refusalOf(failure);
  return `${answer.message} (${detail ?? answer.code})`;
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
