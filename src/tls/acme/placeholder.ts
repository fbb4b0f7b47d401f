import { type Certificate, readCertificate } from "../certificate.ts";

const DAY = 86_400_000;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/**
 * A self-signed certificate for the domains, so that HTTPS can listen before the authority has
 * issued the first real one.
 *
 * @param now milliseconds since 1970
 */
export async function placeholderCertificate(
  domains: readonly string[],
  now: number,
): Promise<Certificate> {
  const x509 = await import("@peculiar/x509");
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=claude-proxy placeholder",
    notBefore: new Date(now - DAY),
    notAfter: new Date(now + 365 * DAY),
    keys: keys as CryptoKeyPair,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new x509.SubjectAlternativeNameExtension(
        domains.map((value) => ({ type: "dns" as const, value })),
      ),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", (keys as CryptoKeyPair).privateKey);
  const key = x509.PemConverter.encode(pkcs8, "PRIVATE KEY");
  const name = "the placeholder";
  return readCertificate({ name, text: certificate.toString("pem") }, { name, text: key });
}
