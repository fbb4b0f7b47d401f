import {
  AUTHORITY_WARNING,
  type Certificate,
  CertificateError,
  isSamePair,
} from "./certificate.ts";
import {
  type CertificatePaths,
  filesSignature,
  loadCertificateFiles,
} from "./certificate_files.ts";
import type { CertificateSource, ServeCertificate, UpkeepLog } from "./certificate_source.ts";
import { type Clock, delay, systemClock } from "../time/clock.ts";
import { ExpiryWarning } from "./expiry_warning.ts";

/** Milliseconds between two looks at the files. */
const LOOK_INTERVAL = 1000;

/** What {@linkcode FileSource} needs beside the paths. */
export interface FileSourceOptions {
  readonly log: UpkeepLog;
  /** @default {systemClock} */
  readonly clock?: Clock;
}

/**
 * The certificate of `tls.mode = "manual"`: two files, loaded again when they change. A new pair that
 * must not be served is refused with a log line, and the old one stays.
 */
export class FileSource implements CertificateSource {
  readonly #paths: CertificatePaths;
  readonly #log: UpkeepLog;
  readonly #clock: Clock;
  readonly #expiry = new ExpiryWarning();
  readonly #stop = new AbortController();
  #current: Certificate;
  /** The state of the files at the last attempt to load them. */
  #tried: string;
  #serve: ServeCertificate = () => Promise.resolve();
  #reloading: Promise<void> = Promise.resolve();
  #watching: Promise<void> = Promise.resolve();

  private constructor(
    paths: CertificatePaths,
    options: FileSourceOptions,
    loaded: { current: Certificate; signature: string },
  ) {
    this.#paths = paths;
    this.#log = options.log;
    this.#clock = options.clock ?? systemClock;
    this.#current = loaded.current;
    this.#tried = loaded.signature;
  }

  /** @throws {CertificateError} when the files must not be served */
  static async open(paths: CertificatePaths, options: FileSourceOptions): Promise<FileSource> {
    const signature = await filesSignature(paths);
    const now = (options.clock ?? systemClock).now();
    const current = await loadCertificateFiles(paths, now);
    return new FileSource(paths, options, { current, signature });
  }

  get current(): Certificate {
    return this.#current;
  }

  start(serve: ServeCertificate): void {
    this.#serve = serve;
    this.#warnOfAuthority();
    this.#watching = this.#watch();
  }

  reloadCertificates(): Promise<void> {
    return this.#reloading = this.#reloading.then(() => this.#reload());
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
    await this.#reloading;
  }

  /** Loads a change once two looks saw the same, so that a pair caught half-written is not judged. */
  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    let seen = this.#tried;
    while (!signal.aborted) {
      this.#warnOfExpiry();
      await delay(this.#clock, LOOK_INTERVAL, signal);
      const found = await filesSignature(this.#paths);
      if (found !== this.#tried && found === seen && !signal.aborted) {
        await this.reloadCertificates();
      }
      seen = found;
    }
  }

  async #reload(): Promise<void> {
    this.#tried = await filesSignature(this.#paths);
    try {
      const loaded = await loadCertificateFiles(this.#paths, this.#clock.now());
      if (isSamePair(loaded, this.#current)) {
        this.#log.info("certificate unchanged", describeCertificate(loaded));
        return;
      }
      this.#current = loaded;
      this.#expiry.reset();
      await this.#serve(loaded);
      this.#log.info("certificate reloaded", describeCertificate(loaded));
      this.#warnOfAuthority();
      this.#warnOfExpiry();
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      this.#log.error("new certificate refused, the old one stays", { reason: error.message });
    }
  }

  #warnOfAuthority(): void {
    if (!this.#current.isAuthority) return;
    this.#log.warn(AUTHORITY_WARNING, { cert_path: this.#paths.certPath });
  }

  #warnOfExpiry(): void {
    const text = this.#expiry.due(this.#current.notAfter, this.#clock.now());
    if (text !== undefined) this.#log.warn(text, { cert_path: this.#paths.certPath });
  }
}

/** Log fields that tell a certificate. */
export function describeCertificate({ serial, names, notAfter }: Certificate): {
  readonly serial: string;
  readonly names: string;
  readonly not_after: string;
} {
  return { serial, names: names.join(","), not_after: new Date(notAfter).toISOString() };
}
