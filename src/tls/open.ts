import { StartError } from "../config/load/start_error.ts";
import type { Settings, TlsSettings } from "../config/schema/settings.ts";
import { CertificateError } from "./certificate.ts";
import type { CertificateSource, UpkeepLog } from "./certificate_source.ts";
import { FileSource } from "./file_source.ts";

/** The part of the settings that certificates come from. */
export type CertificateSettings = Pick<Settings, "bind_address" | "tls">;

/**
 * Opens the certificate source that the settings ask for.
 *
 * @returns `undefined` in mode disabled
 * @throws {StartError} when there is nothing that may be served
 */
export async function openCertificateSource(
  settings: CertificateSettings,
  log: UpkeepLog,
): Promise<CertificateSource | undefined> {
  const { tls, bind_address } = settings;
  try {
    switch (tls.mode) {
      case "disabled":
        return undefined;
      case "manual":
        return await FileSource.open({ certPath: tls.cert_path, keyPath: tls.key_path }, { log });
      case "acme":
        return await openAcme(bind_address, tls, log);
    }
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    const complaints = error.faults.map((fault) => `cannot serve HTTPS: ${fault}`);
    throw new StartError(complaints, { exitCode: 1 });
  }
}

/** Nothing of ACME is loaded in the other modes. */
async function openAcme(
  hostname: string,
  tls: Extract<TlsSettings, { mode: "acme" }>,
  log: UpkeepLog,
): Promise<CertificateSource> {
  const { openAcmeSource } = await import("./acme/open_acme.ts");
  return await openAcmeSource(hostname, tls, log);
}
