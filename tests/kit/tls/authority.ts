import * as x509 from "@peculiar/x509";
import { Buffer } from "node:buffer";
import { createPrivateKey } from "node:crypto";

/** A certificate chain, leaf first, and the leaf's key, both PEM. */
export interface Issued {
  cert: string;
  key: string;
}

/** What a certificate of a test authority says. */
export interface IssueOptions {
  /** DNS names, and addresses. @default {["localhost"]} */
  names?: string[];
  /** @default {an hour ago} */
  notBefore?: Date;
  /** @default {in 30 days} */
  notAfter?: Date;
  /** @default {"P-256"} */
  keyType?: "P-256" | "P-384" | "RSA";
  /** It is for clients, and for no server. */
  forClients?: true;
}

const ALGORITHMS = {
  "P-256": { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  "P-384": { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
  RSA: {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  },
};
const HOUR = 3_600_000;
/** id-kp-clientAuth, RFC 5280 §4.2.1.12. */
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

/** A certificate authority with one intermediate, made in the test's own process. */
export class TestAuthority {
  /** The certificate to trust, PEM. */
  readonly root: string;
  /** The certificate of the intermediate, PEM. */
  readonly intermediate: string;
  #issuer: x509.X509Certificate;
  #issuerKeys: CryptoKeyPair;

  private constructor(
    root: x509.X509Certificate,
    issuer: { certificate: x509.X509Certificate; keys: CryptoKeyPair },
  ) {
    this.root = root.toString("pem");
    this.intermediate = issuer.certificate.toString("pem");
    this.#issuer = issuer.certificate;
    this.#issuerKeys = issuer.keys;
  }

  /** Makes the root and the intermediate. */
  static async create(): Promise<TestAuthority> {
    const rootKeys = await generateKeys("P-256");
    const keys = await generateKeys("P-256");
    const authority = {
      notBefore: new Date(Date.now() - 1000 * HOUR),
      notAfter: new Date(Date.now() + 10_000 * HOUR),
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    };
    const root = await x509.X509CertificateGenerator.createSelfSigned({
      ...authority,
      name: "CN=Test Root",
      keys: rootKeys,
    });
    const certificate = await x509.X509CertificateGenerator.create({
      ...authority,
      subject: "CN=Test Intermediate",
      issuer: root.subject,
      publicKey: keys.publicKey,
      signingKey: rootKeys.privateKey,
    });
    return new TestAuthority(root, { certificate, keys });
  }

  /** Issues a certificate: the leaf and the intermediate. */
  async issue(options: IssueOptions = {}): Promise<Issued> {
    const { names = ["localhost"], keyType = "P-256" } = options;
    const keys = await generateKeys(keyType);
    const leaf = await x509.X509CertificateGenerator.create({
      subject: `CN=${names[0]}`,
      issuer: this.#issuer.subject,
      notBefore: options.notBefore ?? new Date(Date.now() - HOUR),
      notAfter: options.notAfter ?? new Date(Date.now() + 720 * HOUR),
      publicKey: keys.publicKey,
      signingKey: this.#issuerKeys.privateKey,
      signingAlgorithm: ALGORITHMS["P-256"],
      extensions: [
        new x509.SubjectAlternativeNameExtension(names.map(generalName)),
        ...(options.forClients ? [new x509.ExtendedKeyUsageExtension([CLIENT_AUTH])] : []),
      ],
    });
    return {
      cert: leaf.toString("pem") + "\n" + this.intermediate + "\n",
      key: await exportKey(keys.privateKey),
    };
  }
}

/** A PKCS#8 key in another of the encodings that openssl writes. */
export function reencodeKey(key: string, type: "sec1" | "pkcs1" | "encrypted"): string {
  const object = createPrivateKey(key);
  if (type === "encrypted") {
    const cipher = "aes-256-cbc";
    return String(object.export({ type: "pkcs8", format: "pem", cipher, passphrase: "secret" }));
  }
  return String(object.export({ type, format: "pem" }));
}

function generalName(value: string): { type: "dns" | "ip"; value: string } {
  return { type: /^[0-9.]+$/.test(value) ? "ip" : "dns", value };
}

async function generateKeys(type: keyof typeof ALGORITHMS): Promise<CryptoKeyPair> {
  const keys = await crypto.subtle.generateKey(ALGORITHMS[type], true, ["sign", "verify"]);
  return keys as CryptoKeyPair;
}

async function exportKey(key: CryptoKey): Promise<string> {
  const der = await crypto.subtle.exportKey("pkcs8", key);
  const base64 = Buffer.from(der as ArrayBuffer).toString("base64").replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN PRIVATE KEY-----\n${base64}\n-----END PRIVATE KEY-----\n`;
}
