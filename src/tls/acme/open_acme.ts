import type { TlsSettings } from "../../config/settings.ts";
import { CertificateError } from "../certificate.ts";
import type { CertificateSource, UpkeepLog } from "../certificate_source.ts";
import { AcmeSource } from "./acme_source.ts";
import { AcmeCache } from "./cache.ts";
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
  const cacheDir = tls.cache_dir ?? defaultCacheDir();
  if (cacheDir === undefined) {
    throw new CertificateError(["cache_dir is not set and no variable tells the cache directory"]);
  }
  const eab = externalAccount(tls);
  const identity = {
    directoryUrl: tls.directory_url,
    directoryCaCerts: await readCaFile(tls.directory_ca_file),
    domains: tls.domains,
    keyType: tls.key_type,
    profile: tls.profile,
    challengePort: tls.http_challenge_port,
    email: tls.email,
    eab,
  };
  const cache = new AcmeCache(cacheDir, identity);
  await explained(cacheDir, () => cache.prepare());
  const challenges = await ChallengeServer.start({
    hostname,
    port: tls.http_challenge_port,
    https: { domains: tls.domains, port: tls.https_port },
    onDeath: (reason) => log.error("the challenge server died, restart to renew", { reason }),
  });
  return await explained(
    cacheDir,
    () => AcmeSource.open({ identity, cache, challenges, log }),
  );
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
  return [await explained(path, () => Deno.readTextFile(path))];
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
    throw new CertificateError([`${path}: ${error.message}`]);
  }
}
