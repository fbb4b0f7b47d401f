import { environmentProxy } from "./environment_proxy.ts";
import { untrustedCertificate } from "./network_failure.ts";
import { presentedCertificate } from "./peer_certificate.ts";

/**
 * Whose certificate it is that is not trusted: the first thing to know where something intercepts TLS.
 *
 * @param words what the runtime says of the failure
 * @param url where the handshake failed
 * @param caCerts PEM certificates that an https forward proxy may have, beside the usual ones
 * @returns words to go behind a message; none where something else failed, or nobody can tell
 */
export async function untrustedPeer(
  words: string,
  url: string,
  caCerts: readonly string[],
): Promise<string> {
  if (untrustedCertificate(words) === undefined) return "";
  try {
    const proxy = environmentProxy(url).proxy?.url;
    const { subject, issuer, sha256 } = await presentedCertificate(url, proxy, caCerts);
    return ` (it is for ${subject}, issued by ${issuer}, SHA-256 ${sha256})`;
  } catch {
    return "";
  }
}
