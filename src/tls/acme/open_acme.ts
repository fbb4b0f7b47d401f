import type { TlsSettings } from "../../config/schema/settings.ts";
import { PemError, readCertificates } from "../../net/pem.ts";
import { CertificateError } from "../certificate.ts";
import { readPem } from "../certificate_files.ts";
import type { CertificateSource, UpkeepLog } from "../certificate_source.ts";
import { expiryText } from "../expiry_warning.ts";
import { AcmeSource } from "./acme_source.ts";
import { AcmeCache } from "./cache.ts";
import { cachedCertificate } from "./cached_certificate.ts";
import { defaultCacheDir } from "./cache_dir.ts";
import { ChallengeServer } from "./challenge_server.ts";

/** The `[tls]` table in mode acme. */
export type AcmeSettings = Extract<TlsSettings, { mode: "acme" }>;

/**
 * Opens cache and challenge server, without a word to the authority.
 *
 * @param hostname the address to listen on
 * @throws {CertificateError} when a setting, a permission or the port stands in the way
 */
export async function openAcmeSource(
  hostname: string,
  tls: AcmeSettings,
  log: UpkeepLog,
): Promise<CertificateSource> {
  const { identity, cacheDir, cache } = await openCache(tls);
  const challenges = await ChallengeServer.start({
    hostname,
    port: tls.http_challenge_port,
    https: { domains: tls.domains, port: tls.https_port },
    onDeath: (death) => log.error("the challenge server died and will be replaced", { ...death }),
  });
  return await explained(
    cacheDir,
    () => AcmeSource.open({ identity, cache, challenges, log }),
  );
}

/**
 * Says what is in the cache, without a word to the authority.
 *
 * @param now milliseconds since 1970
 * @throws {CertificateError} when a start would fail
 */
export async function cachedCertificateText(tls: AcmeSettings, now: number): Promise<string> {
  const { cacheDir, cache } = await openCache(tls);
  const certificate = await explained(cacheDir, () => cachedCertificate(cache, SILENT, now));
  const names = tls.domains.join(", ");
  if (certificate !== undefined) return `for ${names}: ${expiryText(certificate.notAfter, now)}`;
  return `none in the cache for ${names}: it is ordered at the start`;
}

const SILENT: UpkeepLog = { info() {}, warn() {}, error() {} };

/**
 * Makes of the settings all that needs no port.
 *
 * @throws {CertificateError} when a setting or a permission stands in the way
 */
async function openCache(tls: AcmeSettings) {
  const identity = {
    directoryUrl: tls.directory_url,
    domains: tls.domains,
    keyType: tls.key_type,
    directoryCaCerts: await readCaFile(tls.directory_ca_file),
    profile: tls.profile,
    challengePort: tls.http_challenge_port,
    email: tls.email,
    eab: externalAccount(tls),
  };
  const cacheDir = cacheDirectory(tls);
  const cache = new AcmeCache(cacheDir, identity);
  await explained(cacheDir, () => cache.prepare());
  return { identity, cacheDir, cache };
}

/** @throws {CertificateError} when neither the setting nor a variable tells */
function cacheDirectory({ cache_dir }: AcmeSettings): string {
  const directory = cache_dir ?? defaultCacheDir();
  if (directory !== undefined) return directory;
  throw new CertificateError([
    "tls.cache_dir is not set, and no variable tells the user's cache directory",
  ]);
}

function externalAccount({ eab_kid: kid, eab_hmac_key: hmacKey }: AcmeSettings) {
  if (kid === undefined && hmacKey === undefined) return undefined;
  if (kid === undefined) {
    throw new CertificateError(["tls.eab_hmac_key is set without tls.eab_kid"]);
  }
  if (hmacKey === undefined) {
    throw new CertificateError(["tls.eab_kid is set without tls.eab_hmac_key"]);
  }
  return { kid, hmacKey };
}

async function readCaFile(path: string | undefined): Promise<string[]> {
  if (path === undefined) return [];
  try {
    return readCertificates(await readPem(path)).map(String);
  } catch (error) {
    if (!(error instanceof PemError || error instanceof CertificateError)) throw error;
    throw new CertificateError([`tls.directory_ca_file: ${error.message}`]);
  }
}

/** Turns what the file system refuses into a message that names the path, and the flag if one helps. */
async function explained<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      const kind = /^Requires (\w+)/.exec(error.message)?.[1] ?? "read";
      throw new CertificateError([`${path}: needs the permission --allow-${kind}=${path}`]);
    }
    if (error instanceof CertificateError || !(error instanceof Error)) throw error;
    throw new CertificateError([
      `${path}: cannot be used (${error.message}); give it to the user we run as, or set tls.cache_dir`,
    ]);
  }
}
