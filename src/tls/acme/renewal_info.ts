import { Buffer } from "node:buffer";
import { standInFor } from "../../net/environment_proxy.ts";
import { retryAfterMs } from "../../net/retry_after.ts";
import { CaFetch } from "./ca_fetch.ts";
import type { Random } from "./renewal.ts";

const MINUTE = 60_000;
/** Shortest, usual and longest wait before asking again (RFC 9773 §4.3). */
const SHORTEST_WAIT = MINUTE;
const USUAL_WAIT = 6 * 60 * MINUTE;
const LONGEST_WAIT = 24 * 60 * MINUTE;

/** When an authority suggests to renew (RFC 9773 §4.2), in milliseconds since 1970. */
export interface RenewalWindow {
  readonly start: number;
  readonly end: number;
  /** A page that says why, where there is one. */
  readonly explanationUrl?: string | undefined;
}

/** An authority's answer about a certificate. */
export interface RenewalInfo {
  /** Absent where the authority does not offer ARI or says nothing usable. */
  readonly window: RenewalWindow | undefined;
  /** Milliseconds to wait before asking again. */
  readonly askAgainMs: number;
}

/**
 * Asks the authority when to renew a certificate (ACME Renewal Information, RFC 9773 §4).
 *
 * @param certificateId see {@linkcode certificateId}
 * @throws {Error} when the authority cannot be reached or answers with an error
 */
export async function fetchRenewalInfo(
  directoryUrl: string,
  certificateId: string,
  caCerts: readonly string[],
): Promise<RenewalInfo> {
  await using standIn = standInFor(directoryUrl, caCerts);
  const transport = new CaFetch(caCerts, standIn?.url);
  try {
    const { renewalInfo } = await getJson(transport, directoryUrl);
    if (typeof renewalInfo !== "string") return { window: undefined, askAgainMs: LONGEST_WAIT };
    const response = await transport.fetch(`${renewalInfo}/${certificateId}`);
    if (!response.ok) throw new Error(`The renewal information answered ${response.status}`);
    const asked = retryAfterMs(response.headers.get("retry-after"), Date.now()) ?? USUAL_WAIT;
    const askAgainMs = Math.min(Math.max(asked, SHORTEST_WAIT), LONGEST_WAIT);
    return { window: parseWindow(await response.json()), askAgainMs };
  } finally {
    transport.close();
  }
}

/**
 * The name of a certificate towards the authority: its issuer's key identifier and its serial number
 * (RFC 9773 §4.1).
 *
 * @param cert PEM, leaf first
 * @returns `undefined` when the certificate does not identify its issuer's key
 */
export async function certificateId(cert: string): Promise<string | undefined> {
  const { AuthorityKeyIdentifierExtension, X509Certificate } = await import("@peculiar/x509");
  const leaf = new X509Certificate(cert);
  const keyId = leaf.getExtension(AuthorityKeyIdentifierExtension)?.keyId;
  if (keyId === undefined) return undefined;
  return `${base64url(keyId)}.${base64url(derInteger(leaf.serialNumber))}`;
}

/** The contents of a DER integer: with a zero in front where the first bit would make it negative. */
function derInteger(hex: string): string {
  const bytes = hex.length % 2 === 0 ? hex : `0${hex}`;
  return /^[89a-f]/i.test(bytes) ? `00${bytes}` : bytes;
}

function base64url(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64url");
}

/** A moment inside the window, chosen by chance (RFC 9773 §4.2). */
export function momentIn({ start, end }: RenewalWindow, random: Random): number {
  return start + (end - start) * random();
}

async function getJson(transport: CaFetch, url: string): Promise<Record<string, unknown>> {
  const response = await transport.fetch(url);
  if (!response.ok) throw new Error(`The directory answered ${response.status}`);
  return await response.json();
}

function parseWindow(info: unknown): RenewalWindow | undefined {
  const { suggestedWindow, explanationURL } = info as {
    suggestedWindow?: { start?: string; end?: string };
    explanationURL?: string;
  };
  const start = Date.parse(suggestedWindow?.start ?? "");
  const end = Date.parse(suggestedWindow?.end ?? "");
  if (Number.isNaN(start) || Number.isNaN(end) || end < start) return undefined;
  return { start, end, ...(explanationURL !== undefined && { explanationUrl: explanationURL }) };
}
