import { Buffer } from "node:buffer";
import {
  constants,
  createHash,
  type KeyObject,
  randomUUID,
  sign,
  type X509Certificate,
} from "node:crypto";
import { PemError, type PemText, readCertificates, readPrivateKey } from "../../net/pem.ts";

/** Seconds an assertion is good for; it is used at once. */
const LIFETIME = 600;

/** A certificate that can sign for an application. */
export interface SigningCertificate {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/**
 * Reads certificate and private key from one PEM text.
 *
 * `@azure/identity` would do it itself, but hands the whole text to `createPrivateKey`, and Deno's
 * takes only a key that stands alone. Guarded by `tests/integration/azure_ad_test.ts`.
 *
 * @param now wall-clock time in milliseconds since the epoch
 * @throws {PemError} telling what the text lacks
 */
export function readSigningCertificate(pem: PemText, now: number): SigningCertificate {
  const [certificate] = readCertificates(pem);
  const key = readPrivateKey(pem);
  if (key.asymmetricKeyType !== "rsa") {
    throw new PemError(pem, "holds no RSA key, and Entra ID takes no other");
  }
  const end = new Date(certificate.validTo);
  if (end.getTime() > now) return { certificate, key };
  throw new PemError(pem, `holds a certificate that expired on ${end.toISOString()}`);
}

/** For whom an assertion speaks, and to whom. */
export interface AssertionOptions {
  /** Client ID of the application. */
  readonly clientId: string;
  /** URL of the token endpoint. */
  readonly audience: string;
  /** Wall-clock time in milliseconds since the epoch. */
  readonly now: number;
}

/**
 * The JWT by which an application proves that it holds its certificate's key.
 * https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
export function signAssertion(
  { certificate, key }: SigningCertificate,
  { clientId, audience, now }: AssertionOptions,
): string {
  const thumbprint = createHash("sha256").update(certificate.raw).digest("base64url");
  const issuedAt = Math.floor(now / 1000);
  const content = [
    { alg: "PS256", typ: "JWT", "x5t#S256": thumbprint },
    {
      aud: audience,
      iss: clientId,
      sub: clientId,
      jti: randomUUID(),
      iat: issuedAt,
      nbf: issuedAt,
      exp: issuedAt + LIFETIME,
    },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
  const signature = sign("sha256", Buffer.from(content), { key, padding, saltLength });
  return `${content}.${signature.toString("base64url")}`;
}
