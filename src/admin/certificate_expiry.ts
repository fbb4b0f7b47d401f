import { X509Certificate } from "node:crypto";
import type { CertificateExpiry } from "./metrics.ts";

/**
 * When a certificate ends, and the names it is for.
 *
 * @param pem the chain, the leaf first
 */
export function certificateExpiry(pem: string): CertificateExpiry {
  const { validTo, subjectAltName } = new X509Certificate(pem);
  const names = (subjectAltName ?? "").split(", ").map((name) => name.replace(/^[^:]*:/, ""));
  return { names: names.filter(Boolean), notAfter: Date.parse(validTo) };
}
