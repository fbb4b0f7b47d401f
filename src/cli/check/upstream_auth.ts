import type { UpstreamAuthSettings } from "../../config/schema/settings.ts";
import type { UpstreamCredential } from "../../credentials/credential.ts";
import { createProvider } from "../../credentials/providers/create_provider.ts";
import { TokenError } from "../../credentials/providers/token_provider.ts";
import type { CheckResult } from "./report.ts";

const NAME = "upstream token";
/** Milliseconds a token may take. */
const TIMEOUT = 30_000;

/** The credential to try the upstream with, and what getting it has shown. */
export interface CheckedCredential {
  /** Absent when there is none to be had. */
  readonly credential: UpstreamCredential | undefined;
  /** Empty for an API key, which needs no getting. */
  readonly results: readonly CheckResult[];
}

/** Gets the credential that the settings name: one token, where they name a source of tokens. */
export async function checkUpstreamAuth(
  auth: UpstreamAuthSettings,
  caCerts: readonly string[],
): Promise<CheckedCredential> {
  if (auth.type === "api_key") {
    return { credential: { kind: "api_key", key: auth.api_key, header: auth.header }, results: [] };
  }
  const provider = createProvider(auth, caCerts);
  try {
    const signal = AbortSignal.timeout(TIMEOUT);
    const { token, expiresAt } = await provider.getToken({ signal, fresh: false });
    const text = `${provider.name} gave one, good until ${new Date(expiresAt).toISOString()}`;
    return { credential: { kind: "bearer", token }, results: [{ name: NAME, ok: true, text }] };
  } catch (error) {
    const text = error instanceof TokenError ? error.message : `${provider.name}: none in time`;
    return { credential: undefined, results: [{ name: NAME, ok: false, text }] };
  }
}
