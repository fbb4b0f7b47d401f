import { readCertificates } from "../net/pem.ts";
import { alternativeNames } from "../tls/certificate.ts";
import type { CertificateExpiry } from "./metrics.ts";

/**
 * When a certificate ends, and the names it is for.
 *
 * @param pem the chain, the leaf first
 */
export function certificateExpiry(pem: string): CertificateExpiry {
  const [leaf] = readCertificates({ name: "the certificate", text: pem });
  return { names: alternativeNames(leaf), notAfter: leaf.validToDate.getTime() };
}
