import { createHash, generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import type { CertificatePair } from "../../ipc/messages.ts";
import {
  makePrivateDirectory,
  readPrivateFile,
  removeFile,
  writePrivateFile,
} from "./private_files.ts";

/** What distinguishes one cached certificate from another. */
export interface CacheKey {
  readonly directoryUrl: string;
  readonly domains: readonly string[];
  readonly keyType: string;
}

/** An account with the authority: its key, and once registered its URL (RFC 8555 §7.3). */
export interface Account {
  /** PKCS#8, PEM. */
  readonly key: string;
  readonly url?: string | undefined;
}

/** Orders that failed since the last that did not; kept so that a restart does not forget them. */
export interface Attempts {
  readonly failures: number;
  /** Milliseconds since 1970 before which there is no other order. */
  readonly retryAt: number;
  /** The authority asked for the wait, so it holds even while there is no certificate. */
  readonly imposed: boolean;
}

const KEY_START = "-----BEGIN PRIVATE KEY-----";

/**
 * What survives a restart, in a directory for each authority: `account.json`, and for each set of
 * domains one file with chain and key, which are thus replaced together, and one with failed
 * attempts.
 */
export class AcmeCache {
  readonly #account: string;
  readonly #certificate: string;
  readonly #attempts: string;
  readonly #directory: string;

  constructor(root: string, { directoryUrl, domains, keyType }: CacheKey) {
    const { host } = new URL(directoryUrl);
    const authority = `${host.replaceAll(/[^\w.-]/g, "_")}-${digest(directoryUrl)}`;
    const name = `${domains[0]}-${digest(JSON.stringify([[...domains].sort(), keyType]))}`;
    this.#directory = join(root, authority);
    this.#account = join(this.#directory, "account.json");
    this.#certificate = join(this.#directory, `${name}.pem`);
    this.#attempts = join(this.#directory, `${name}.attempts.json`);
  }

  /** The file of the certificate, for messages. */
  get certificatePath(): string {
    return this.#certificate;
  }

  /** Makes the directory. */
  prepare(): Promise<void> {
    return makePrivateDirectory(this.#directory);
  }

  /** The account; a new key, stored before anyone uses it, where there is none that can be read. */
  async account(): Promise<Account> {
    const stored = parse<Account>(await readPrivateFile(this.#account));
    if (typeof stored?.key === "string") return stored;
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const account = { key: String(privateKey.export({ type: "pkcs8", format: "pem" })) };
    await this.storeAccount(account);
    return account;
  }

  storeAccount(account: Account): Promise<void> {
    return writePrivateFile(this.#account, JSON.stringify(account, null, 2) + "\n");
  }

  async certificate(): Promise<CertificatePair | undefined> {
    const text = await readPrivateFile(this.#certificate);
    if (text === undefined) return undefined;
    const keyStart = text.indexOf(KEY_START);
    return { cert: text.slice(0, keyStart), key: keyStart === -1 ? "" : text.slice(keyStart) };
  }

  storeCertificate({ cert, key }: CertificatePair): Promise<void> {
    return writePrivateFile(this.#certificate, `${cert.trimEnd()}\n${key}`);
  }

  async attempts(): Promise<Attempts | undefined> {
    return parse<Attempts>(await readPrivateFile(this.#attempts));
  }

  storeAttempts(attempts: Attempts): Promise<void> {
    return writePrivateFile(this.#attempts, JSON.stringify(attempts) + "\n");
  }

  clearAttempts(): Promise<void> {
    return removeFile(this.#attempts);
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

/** What cannot be read counts as absent: everything here can be had anew. */
function parse<T>(text: string | undefined): T | undefined {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
