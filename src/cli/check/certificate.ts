import type { Settings } from "../../config/schema/settings.ts";
import { CertificateError } from "../../tls/certificate.ts";
import { loadCertificateFiles } from "../../tls/certificate_files.ts";
import { expiryText } from "../../tls/expiry_warning.ts";
import type { CheckResult } from "./result.ts";

const NAME = "certificate";

/** Whether there is a certificate to serve, and until when; nothing without TLS. */
export async function checkCertificate({ tls }: Settings): Promise<CheckResult[]> {
  switch (tls.mode) {
    case "disabled":
      return [];
    case "manual":
      return [await checkFiles({ certPath: tls.cert_path, keyPath: tls.key_path })];
    case "acme": {
      const { cachedCertificateText } = await import("../../tls/acme/open_acme.ts");
      return [{ name: NAME, ok: true, text: await cachedCertificateText(tls, Date.now()) }];
    }
  }
}

async function checkFiles(paths: Parameters<typeof loadCertificateFiles>[0]): Promise<CheckResult> {
  const now = Date.now();
  try {
    const { names, notAfter } = await loadCertificateFiles(paths, now);
    const text = `for ${names.join(", ")}: ${expiryText(notAfter, now)}`;
    return { name: NAME, ok: true, text };
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return { name: NAME, ok: false, text: error.message };
  }
}
