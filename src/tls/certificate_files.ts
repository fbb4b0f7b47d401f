import type { PemText } from "../net/pem.ts";
import { whyUnreadable } from "../permissions/unreadable.ts";
import { type Certificate, CertificateError, readCertificate } from "./certificate.ts";

/** The two files of `tls.mode = "manual"`. */
export interface CertificatePaths {
  readonly certPath: string;
  readonly keyPath: string;
}

/**
 * Reads and checks the certificate files.
 *
 * @param now milliseconds since 1970
 * @throws {CertificateError} with everything that is wrong, each fault with its file
 */
export async function loadCertificateFiles(
  { certPath, keyPath }: CertificatePaths,
  now: number,
): Promise<Certificate> {
  const [cert, key] = await Promise.allSettled([readPem(certPath), readPem(keyPath)]);
  if (cert.status === "fulfilled" && key.status === "fulfilled") {
    return readCertificate(cert.value, key.value, now);
  }
  const reasons = [cert, key].filter((read) => read.status === "rejected");
  throw new CertificateError(reasons.map(({ reason }) => String(reason.message)));
}

/**
 * What tells one state of the files from another without reading them. It follows symbolic links, so
 * it sees Kubernetes swap `..data` and certbot swap `live/`, and needs to read the files alone, not
 * their directories; unlike a watch it also works on network and overlay file systems.
 */
export async function filesSignature({ certPath, keyPath }: CertificatePaths): Promise<string> {
  return (await Promise.all([certPath, keyPath].map(signature))).join(" ");
}

async function signature(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtime } = await Deno.stat(path);
    return `${dev}:${ino}:${size}:${mtime?.getTime()}`;
  } catch (error) {
    return error instanceof Error ? error.name : "unreadable";
  }
}

/** @throws {CertificateError} when the file cannot be read */
export async function readPem(path: string): Promise<PemText> {
  try {
    return { name: path, text: await Deno.readTextFile(path) };
  } catch (error) {
    throw new CertificateError([`${path}: ${whyUnreadable(path, error)}`]);
  }
}
