import { type Certificate, CertificateError, readCertificate } from "../certificate.ts";
import type { UpkeepLog } from "../certificate_source.ts";
import { expiryText } from "../expiry_warning.ts";
import type { AcmeCache } from "./cache.ts";

/**
 * The cached certificate, where there is one that may still be served.
 *
 * @param now milliseconds since 1970
 */
export async function cachedCertificate(
  cache: AcmeCache,
  log: UpkeepLog,
  now: number,
): Promise<Certificate | undefined> {
  const pair = await cache.certificate();
  if (pair === undefined) return undefined;
  const name = cache.certificatePath;
  try {
    const certificate = readCertificate({ name, text: pair.cert }, { name, text: pair.key });
    if (now < certificate.notAfter) return certificate;
    log.warn(expiryText(certificate.notAfter, now), { cached: name });
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    log.warn("the cached certificate is of no use", { reason: error.message });
  }
  return undefined;
}
