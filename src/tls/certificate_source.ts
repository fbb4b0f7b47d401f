import type { Certificate } from "./certificate.ts";

/** Where the certificate that is served comes from. */
export interface CertificateSource {
  /** What to serve now. */
  readonly current: Certificate;
  /**
   * Keeps the certificate fresh from now on.
   *
   * @param serve called with each certificate that replaces another; resolves once it is served
   */
  start(serve: ServeCertificate): void;
  /** Looks for a newer certificate at once, as on SIGHUP. It never rejects: faults are logged. */
  reloadCertificates(): Promise<void>;
  /** Ends the upkeep and whatever listens for it. */
  stop(): Promise<void>;
}

/** Has new connections served with a certificate, and resolves once they are. */
export type ServeCertificate = (certificate: Certificate) => Promise<void>;

/** The part of a logger that certificate upkeep writes to. */
export interface UpkeepLog {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}
