import type { Settings } from "../config/settings.ts";
import { CertificateError } from "./certificate.ts";
import type { CertificateSource, UpkeepLog } from "./certificate_source.ts";
import { FileSource } from "./file_source.ts";

/**
 * Opens the certificate source that the settings ask for. What is wrong is logged, a line each.
 *
 * @returns `undefined` in mode disabled, `"failed"` when there is nothing that may be served
 */
export async function openCertificateSource(
  { tls }: Settings,
  log: UpkeepLog,
): Promise<CertificateSource | "failed" | undefined> {
  try {
    switch (tls.mode) {
      case "disabled":
        return undefined;
      case "manual":
        return await FileSource.open(
          { certPath: tls.cert_path, keyPath: tls.key_path },
          { log },
        );
      case "acme":
        throw new CertificateError(["not yet"]);
    }
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    for (const fault of error.faults) log.error(`cannot serve HTTPS: ${fault}`);
    return "failed";
  }
}
