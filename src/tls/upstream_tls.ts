import type { KeyObject } from "node:crypto";
import { StartError } from "../config/load/start_error.ts";
import type { Settings } from "../config/schema/settings.ts";
import type { TlsOptions } from "../net/connect.ts";
import {
  type Certificates,
  PemError,
  type PemText,
  privateKeyPem,
  readCertificates,
  readPrivateKey,
} from "../net/pem.ts";
import { whyUnreadable } from "../permissions/unreadable.ts";

/** The settings that name files for TLS with the upstream. */
export type UpstreamTlsSettings = Pick<
  Settings,
  "upstream_ca_file" | "upstream_client_cert_path" | "upstream_client_key_path"
>;

/**
 * Reads and checks the files for TLS with the upstream. They are checked here because the runtime
 * takes a file without a certificate for an empty list, and every request would fail later.
 *
 * @throws {StartError} holding every complaint at once
 */
export function readUpstreamTls(settings: UpstreamTlsSettings): TlsOptions {
  const { upstream_client_cert_path: certPath, upstream_client_key_path: keyPath } = settings;
  const complaints: string[] = [];
  const take = <T>(setting: keyof UpstreamTlsSettings, parse: (pem: PemText) => T) => {
    const path = settings[setting];
    if (path === undefined) return undefined;
    try {
      return parse({ name: path, text: Deno.readTextFileSync(path) });
    } catch (error) {
      const isRead = error instanceof PemError;
      const fault = isRead ? error.message : `${path}: ${whyUnreadable(path, error)}`;
      complaints.push(`${setting}: ${fault}`);
      return undefined;
    }
  };
  if ((certPath === undefined) !== (keyPath === undefined)) {
    complaints.push(
      "upstream_client_cert_path, upstream_client_key_path: expected both or neither",
    );
  }
  const authorities = take("upstream_ca_file", readCertificates);
  const chain = take("upstream_client_cert_path", readCertificates);
  const key = take("upstream_client_key_path", (pem) => keyOf(pem, chain));
  if (complaints.length > 0) throw new StartError(complaints);
  return {
    caCerts: authorities?.map(String) ?? [],
    ...(chain && key && { client: { cert: chain.join(""), key: privateKeyPem(key) } }),
  };
}

/** The certificate that is ours comes first in its file, those that vouch for it follow. */
function keyOf(pem: PemText, chain: Certificates | undefined): KeyObject {
  const key = readPrivateKey(pem);
  if (chain === undefined || chain[0].checkPrivateKey(key)) return key;
  throw new PemError(pem, "does not belong to the certificate in upstream_client_cert_path");
}
