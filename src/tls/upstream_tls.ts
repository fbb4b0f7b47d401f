import { createPrivateKey, X509Certificate } from "node:crypto";
import { StartError } from "../config/load/start_error.ts";
import type { Settings } from "../config/schema/settings.ts";
import type { TlsOptions } from "../net/connect.ts";

/** The settings that name files for TLS with the upstream. */
export type UpstreamTlsSettings = Pick<
  Settings,
  "upstream_ca_file" | "upstream_client_cert_path" | "upstream_client_key_path"
>;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * Reads and checks the files for TLS with the upstream. They are checked here because the runtime
 * takes a file without a certificate for an empty list, and every request would fail later.
 *
 * @throws {StartError} holding every complaint at once
 */
export function readUpstreamTls(settings: UpstreamTlsSettings): TlsOptions {
  const complaints: string[] = [];
  const take = (setting: keyof UpstreamTlsSettings, check: (pem: string) => void) => {
    const path = settings[setting];
    if (path === undefined) return undefined;
    try {
      const pem = Deno.readTextFileSync(path);
      check(pem);
      return pem;
    } catch (error) {
      complaints.push(`${setting}: ${reason(error, path)}`);
      return undefined;
    }
  };
  const { upstream_client_cert_path: certPath, upstream_client_key_path: keyPath } = settings;
  if ((certPath === undefined) !== (keyPath === undefined)) {
    complaints.push(
      "upstream_client_cert_path, upstream_client_key_path: expected both or neither",
    );
  }
  const ca = take("upstream_ca_file", (pem) => void certificates(pem));
  const cert = take("upstream_client_cert_path", (pem) => void certificates(pem));
  const key = take("upstream_client_key_path", (pem) => checkKey(pem, cert));
  if (complaints.length > 0) throw new StartError(complaints);
  return { caCerts: ca ? [ca] : [], ...(cert && key && { client: { cert, key } }) };
}

function certificates(pem: string): X509Certificate[] {
  const found = pem.match(CERTIFICATE)?.map((one) => new X509Certificate(one)) ?? [];
  if (found.length === 0) throw new TypeError("it holds no PEM certificate");
  return found;
}

/** The certificate that is ours comes first in its file, those that vouch for it follow. */
function checkKey(pem: string, cert: string | undefined): void {
  const key = privateKey(pem);
  const [ours] = cert === undefined ? [] : certificates(cert);
  if (ours && !ours.checkPrivateKey(key)) {
    throw new TypeError("it does not belong to the certificate in upstream_client_cert_path");
  }
}

/** What the parser says of a key it cannot read may quote it. */
function privateKey(pem: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new TypeError("it holds no unencrypted PEM private key");
  }
}

function reason(error: unknown, path: string): string {
  if (error instanceof Deno.errors.NotFound) return `there is no file ${path}`;
  if (error instanceof Deno.errors.NotCapable) {
    return `not allowed to read ${path}; run with "--allow-read=${path}"`;
  }
  return `cannot use ${path}: ${error instanceof Error ? error.message : "unknown reason"}`;
}
