import { failureAdvice } from "../../net/failure_advice.ts";
import { fetchFailure } from "../../net/network_failure.ts";
import type { AuthorityAnswer } from "./identity_transport.ts";
import { CredentialError } from "../provider.ts";

/** Explains an answer of an authority; `undefined` where Entra's errors explain it. */
export type ExplainAnswer = (
  answer: { readonly status: number; readonly description: string },
) => CredentialError | undefined;

/** What is known of a failed exchange with an authority. */
export interface FailedExchange {
  /** The provider that asked. */
  readonly provider: string;
  /** The authority, as the log is to name it. */
  readonly authority: string;
  /** What gives its address: a setting or a variable. */
  readonly addressedBy: string;
  /** The forward proxy on the way there, as the log is to name it. */
  readonly forwardProxy: string | undefined;
  /** Whose certificate is not trusted, see `untrustedPeer`. */
  readonly peer: string;
  /** What the library threw. */
  readonly error: unknown;
  /** The authority's answer, where there was one. */
  readonly refusal: AuthorityAnswer | undefined;
  /** What the network said, where it failed. */
  readonly failure: Error | undefined;
  /** What the provider itself makes of an answer. */
  readonly explain?: ExplainAnswer | undefined;
}

/**
 * What to do about Entra's errors.
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
const ADVICE: Readonly<Record<string, string>> = {
  "90002": "tenant not found; check tenant_id, and authority_host if it is in another cloud",
  "900023": "tenant_id is neither a tenant's ID nor one of its domains; check tenant_id",
  "700016": "no application with this client_id in the tenant; check client_id and tenant_id",
  "7000112": "the application is disabled in the tenant; enable it under Enterprise applications",
  "7000215": "wrong client secret; set client_secret to the secret's value, not to its ID",
  "7000222": "the client secret has expired; create a new one in the app registration and set " +
    "client_secret to it",
  "700027": "the certificate is not one of the application's, or has expired; upload it under " +
    "Certificates & secrets of the app registration",
  "70021": "no federated credential matches this service account's token; compare its issuer, " +
    "subject and audience with the application's federated credentials",
  "700211": "no federated credential has this token's issuer; compare it with the cluster's OIDC " +
    "issuer URL",
  "700213": "no federated credential has this token's subject; it is " +
    "system:serviceaccount:NAMESPACE:NAME",
  "700212": "no federated credential has this token's audience; it is api://AzureADTokenExchange",
  "700024": "the federated token or assertion is out of its time; check this machine's clock",
  "500011": "the tenant knows no resource of this name; check scope, or resource",
  "70011": "the scope is not valid; it ends in /.default",
  "1002012": "the scope is not valid; it ends in /.default",
  "53003": "a Conditional Access policy blocks this application; ask the tenant's administrator",
};

/** Turns a failed exchange into one line that says what to do. */
export function explainExchange(exchange: FailedExchange): CredentialError {
  const { error, refusal, failure } = exchange;
  if (error instanceof CredentialError) return error;
  if (refusal !== undefined) return explainRefusal(exchange, refusal);
  if (failure !== undefined) return explainFailure(exchange, failure);
  const { provider } = exchange;
  const kind = error instanceof Error ? error.name : typeof error;
  return new CredentialError("denied", `${provider}: the answer held no usable token (${kind})`);
}

function explainRefusal(
  { provider, authority, addressedBy, explain }: FailedExchange,
  { status, body, retryAfterMs }: AuthorityAnswer,
): CredentialError {
  const description = describe(body);
  const explained = explain?.({ status, description });
  if (explained !== undefined) return explained;
  if (status === 429 || status >= 500) {
    const reason = status === 429 ? "asks for fewer requests" : "is in trouble";
    const message =
      `${provider}: ${authority} ${reason} (status ${status}); it will be asked again`;
    return new CredentialError("unreachable", message, retryAfterMs);
  }
  const code = /AADSTS(\d+)/.exec(description)?.[1];
  const advice = code && ADVICE[code];
  if (advice) {
    return new CredentialError("denied", `${provider}: ${advice} (AADSTS${code})`, retryAfterMs);
  }
  const said = description || `no explanation; check ${addressedBy} and tenant_id`;
  return new CredentialError("denied", `${provider}: ${authority} answered ${status}: ${said}`);
}

/** The first line of an OAuth error (RFC 6749 §5.2), shortened; it names no secret. */
function describe(body: string): string {
  try {
    const { error, error_description: description, message } = JSON.parse(body);
    return firstLine(String(description ?? message ?? error ?? ""));
  } catch {
    return "";
  }
}

/** The first line of a text, at most 200 characters of it, without control characters. */
export function firstLine(text: string): string {
  const line = text.split(/[\r\n]/, 1)[0] ?? "";
  return line.replace(/\p{Cc}/gu, " ").trim().slice(0, 200);
}

function explainFailure(
  { provider, authority, addressedBy, forwardProxy, peer }: FailedExchange,
  failure: Error,
): CredentialError {
  if (failure instanceof CredentialError) return failure;
  const words = fetchFailure(failure);
  const settings = { address: addressedBy, authorities: "upstream_ca_file" };
  const reason = failureAdvice(`${failure.name} ${words}`, settings) ??
    `the connection failed (${words})`;
  const whom = `${authority}${forwardProxy === undefined ? "" : ` through ${forwardProxy}`}`;
  return new CredentialError("unreachable", `${provider}: cannot reach ${whom}: ${reason}${peer}`);
}
