import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";

/** Text that claims to be PEM (RFC 7468), and what to call it in a message. */
export interface PemText {
  /** A path, mostly. */
  readonly name: string;
  /** What it holds. A byte-order mark, line ends of Windows and other text do no harm. */
  readonly text: string;
}

/** A text does not hold what it should. The message begins with its name, and quotes nothing of it. */
export class PemError extends Error {
  /** Tells it from other errors. */
  override readonly name = "PemError";

  /** Makes one; the fault is worded to go behind the text's name. */
  constructor({ name }: PemText, fault: string) {
    super(`${name}: ${fault}`);
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const PRIVATE_KEY =
  /-----BEGIN (?:RSA |EC )?PRIVATE KEY-----[^-]+-----END (?:RSA |EC )?PRIVATE KEY-----/;
const ENCRYPTED_KEY = /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/;

/** Certificates in the order of their text. Of each, `String` makes PEM that the runtime takes. */
export type Certificates = readonly [X509Certificate, ...X509Certificate[]];

/**
 * Reads every certificate of a text.
 *
 * @throws {PemError} when there is none, or one of them cannot be read
 */
export function readCertificates(pem: PemText): Certificates {
  const [leaf, ...others] = pem.text.match(CERTIFICATE) ?? [];
  if (leaf === undefined) {
    throw new PemError(pem, `holds no PEM certificate${insteadOfIt(pem)}`);
  }
  const certificate = (block: string, number: number) =>
    parsed(pem, `certificate ${number}`, () => new X509Certificate(block));
  return [certificate(leaf, 1), ...others.map((block, index) => certificate(block, index + 2))];
}

/**
 * Reads the first private key of a text: PKCS#8, SEC1 or PKCS#1.
 *
 * @throws {PemError} when there is none, it is encrypted, or it cannot be read
 */
export function readPrivateKey(pem: PemText): KeyObject {
  if (ENCRYPTED_KEY.test(pem.text)) {
    throw new PemError(pem, "the private key is encrypted, expected one without a passphrase");
  }
  // The block by itself: Deno's `createPrivateKey` takes no other text beside a key.
  const block = PRIVATE_KEY.exec(pem.text)?.[0];
  if (block === undefined) {
    throw new PemError(pem, `holds no PEM private key (PKCS#8, SEC1 or PKCS#1)${insteadOfIt(pem)}`);
  }
  return parsed(pem, "the private key", () => createPrivateKey(block));
}

/** What a text holds in place of what was looked for, where it can be told. */
function insteadOfIt({ text }: PemText): string {
  const label = /-----BEGIN (?:RSA |EC )?([A-Z0-9 ]+)-----/.exec(text)?.[1];
  if (label !== undefined) return `, it holds a ${label.toLowerCase()}`;
  if (text.includes("-\0-\0")) return ", it is UTF-16, expected UTF-8";
  return text.includes("\0") || text.startsWith("0\uFFFD")
    ? ", it is binary (DER or PKCS#12), expected PEM"
    : "";
}

/** A private key as PKCS#8, PEM. */
export function privateKeyPem(key: KeyObject): string {
  return String(key.export({ type: "pkcs8", format: "pem" }));
}

/** What a parser says of a key it cannot read may quote it. */
function parsed<T>(pem: PemText, what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new PemError(pem, `${what} cannot be read`);
  }
}
