import type { KeyObject, X509Certificate } from "node:crypto";
import type { CertificatePair } from "../ipc/messages.ts";
import {
  PemError,
  type PemText,
  privateKeyPem,
  readCertificates,
  readPrivateKey,
} from "../net/pem.ts";

/** A pair that was checked, and what its leaf says. Times are milliseconds since 1970. */
export interface Certificate extends CertificatePair {
  /** Beginning of its validity. */
  readonly notBefore: number;
  /** End of its validity. */
  readonly notAfter: number;
  /** Hexadecimal, upper case. */
  readonly serial: string;
  /** DNS names and addresses it is for. */
  readonly names: readonly string[];
  /** Whether it is marked as an authority's (CA:TRUE), see {@linkcode AUTHORITY_WARNING}. */
  readonly isAuthority: boolean;
}

/** What `openssl req -x509` makes, unless it is told otherwise, and OpenSSL's own clients accept. */
export const AUTHORITY_WARNING: string =
  "the certificate is an authority's (CA:TRUE), which clients with rustls, as Deno's, take from no " +
  "server: make one that is not (CA:FALSE)";

/** Thrown for a certificate that must not be served; each fault names its file. */
export class CertificateError extends Error {
  /** Tells it from other errors in a log. */
  override readonly name = "CertificateError";
  /** Everything that is wrong, a sentence each. */
  readonly faults: readonly string[];

  /** Makes one that says everything that is wrong. */
  constructor(faults: readonly string[]) {
    super(faults.join("; "));
    this.faults = faults;
  }
}

/** Curves that the runtime's TLS can sign with. */
const CURVES = ["prime256v1", "secp384r1", "secp521r1"];
/** Smallest and largest RSA modulus that the runtime's TLS can sign with, in bits. */
const RSA_BITS = { min: 2048, max: 8192 };

/**
 * Checks that a chain and a key can be served: key and leaf belong together, the chain is in order
 * (RFC 8446 §4.4.2), the leaf is valid now.
 *
 * @param now milliseconds since 1970; without it, the leaf may be valid at another time
 * @throws {CertificateError} with everything that is wrong
 */
export function readCertificate(cert: PemText, key: PemText, now?: number): Certificate {
  const faults: string[] = [];
  const chain = attempt(faults, () => readCertificates(cert));
  const privateKey = attempt(faults, () => servableKey(key));
  if (chain !== undefined && now !== undefined) {
    faults.push(...validityFaults(cert.name, chain[0], now));
  }
  if (chain !== undefined && privateKey !== undefined) {
    faults.push(...matchFaults(cert.name, key.name, chain, privateKey));
    if (faults.length === 0) faults.push(...orderFaults(cert.name, chain));
  }
  if (chain === undefined || privateKey === undefined || faults.length > 0) {
    throw new CertificateError(faults);
  }
  const [leaf] = chain;
  return {
    cert: chain.join(""),
    key: privateKeyPem(privateKey),
    notBefore: leaf.validFromDate.getTime(),
    notAfter: leaf.validToDate.getTime(),
    serial: leaf.serialNumber,
    names: alternativeNames(leaf),
    isAuthority: leaf.ca,
  };
}

/** Whether two pairs are the same, so that serving the one for the other would change nothing. */
export function isSamePair(one: CertificatePair, other: CertificatePair): boolean {
  return one.cert === other.cert && one.key === other.key;
}

function attempt<T>(faults: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PemError)) throw error;
    faults.push(error.message);
    return undefined;
  }
}

function servableKey(pem: PemText): KeyObject {
  const key = readPrivateKey(pem);
  const fault = keyFault(key);
  if (fault !== undefined) throw new PemError(pem, fault);
  return key;
}

function keyFault({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject) {
  if (type === "ed25519") return undefined;
  if (type === "rsa") {
    const bits = details?.modulusLength ?? 0;
    if (bits >= RSA_BITS.min && bits <= RSA_BITS.max) return undefined;
    return `an RSA key of ${bits} bits, expected ${RSA_BITS.min} to ${RSA_BITS.max}`;
  }
  const curve = details?.namedCurve;
  if (type === "ec" && curve !== undefined && CURVES.includes(curve)) return undefined;
  return `a key of type ${curve ?? type}, expected RSA, ECDSA on P-256, P-384 or P-521, or Ed25519`;
}

function validityFaults(name: string, leaf: X509Certificate, now: number): string[] {
  const from = leaf.validFromDate;
  const to = leaf.validToDate;
  if (now >= to.getTime()) return [`${name}: the certificate expired on ${to.toISOString()}`];
  if (now < from.getTime()) {
    return [`${name}: the certificate is not valid before ${from.toISOString()}`];
  }
  return [];
}

function matchFaults(
  certName: string,
  keyName: string,
  chain: readonly X509Certificate[],
  key: KeyObject,
): string[] {
  const position = chain.findIndex((certificate) => certificate.checkPrivateKey(key));
  if (position === 0) return [];
  if (position === -1) {
    return [`${keyName}: the key does not belong to the certificate in ${certName}`];
  }
  return [
    `${certName}: the chain is out of order, the key's certificate comes as number ${
      position + 1
    }, ` +
    "expected it first",
  ];
}

function orderFaults(name: string, chain: readonly X509Certificate[]): string[] {
  const wrong = chain.slice(1).findIndex((issuer, index) => !isIssuer(issuer, chain[index]!));
  if (wrong === -1) return [];
  return [
    `${name}: the chain is out of order, certificate ${wrong + 2} (${chain[wrong + 1]!.subject}) ` +
    `did not issue certificate ${wrong + 1} (issuer ${chain[wrong]!.issuer})`,
  ];
}

function isIssuer(issuer: X509Certificate, issued: X509Certificate): boolean {
  if (!issued.checkIssued(issuer)) return false;
  try {
    return issued.verify(issuer.publicKey);
  } catch {
    return true; // An algorithm that Deno cannot verify: the names alone decide.
  }
}

/** DNS names and addresses that a certificate is for. */
export function alternativeNames(leaf: X509Certificate): string[] {
  const names = leaf.subjectAltName ?? "";
  return names.split(", ").filter(Boolean).map((name) => name.replace(/^(?:DNS|IP Address):/, ""));
}
