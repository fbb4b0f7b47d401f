import { domainName, httpsUrl } from "./kinds/address.ts";
import { listOf, nonEmpty } from "./kinds/compound.ts";
import { base64urlKey, emailAddress, integer, oneOf, text } from "./kinds/scalar.ts";
import type { Section, Setting } from "./setting.ts";

const httpsPort = {
  key: "https_port",
  flag: "--https-port <PORT>",
  kind: integer({ min: 0, max: 65535 }),
  default: 443,
  doc: "Port to listen on for HTTPS, instead of port. 0 lets the system pick a free one.",
  example: 443,
} as const satisfies Setting;

const manual = [
  {
    key: "cert_path",
    flag: "--tls-cert-path <PATH>",
    kind: text("expected the path of a PEM file"),
    required: true,
    doc:
      "PEM file with the certificate and its chain, in order. It is loaded again when it changes.",
    example: "/etc/ssl/certs/proxy.pem",
  },
  {
    key: "key_path",
    flag: "--tls-key-path <PATH>",
    kind: text("expected the path of a PEM file"),
    required: true,
    keyFile: true,
    doc: "PEM file with the certificate's private key: PKCS#8, SEC1 or PKCS#1, not encrypted.",
    example: "/etc/ssl/private/proxy.key",
  },
  httpsPort,
] as const satisfies readonly Setting[];

const acme = [
  {
    key: "email",
    flag: "--acme-email <EMAIL>",
    kind: emailAddress(),
    required: true,
    doc: "Contact address given to the certificate authority.",
    example: "admin@example.com",
  },
  {
    key: "domains",
    flag: "--acme-domains <DOMAINS>",
    kind: nonEmpty(listOf(domainName())),
    required: true,
    doc: "Names to get the certificate for; each must lead to this machine. " +
      "Separated by commas in a flag or a variable.",
    example: ["proxy.example.com", "api.example.com"],
  },
  httpsPort,
  {
    key: "directory_url",
    flag: "--acme-directory-url <URL>",
    kind: httpsUrl(),
    default: "https://acme-v02.api.letsencrypt.org/directory",
    doc: "ACME directory of the certificate authority; the default is Let's Encrypt. Its staging " +
      "directory is https://acme-staging-v02.api.letsencrypt.org/directory.",
    example: "https://acme-staging-v02.api.letsencrypt.org/directory",
  },
  {
    key: "cache_dir",
    flag: "--acme-cache-dir <PATH>",
    kind: text("expected the path of a directory"),
    absent: "claude-proxy/acme in the user's cache directory",
    doc: "Directory that keeps account and certificate over a restart.",
    example: "/var/lib/claude-proxy/acme",
  },
  {
    key: "http_challenge_port",
    flag: "--http-challenge-port <PORT>",
    kind: integer({ min: 1, max: 65535 }),
    default: 80,
    doc: "Port that answers the certificate authority's HTTP-01 challenges; it asks at port 80.",
    example: 80,
  },
  {
    key: "key_type",
    flag: "--acme-key-type <TYPE>",
    kind: oneOf(["ecdsa", "rsa"]),
    default: "ecdsa",
    doc: "Key of the certificate: ECDSA on P-256, or RSA with 2048 bits.",
    example: "ecdsa",
  },
  {
    key: "profile",
    flag: "--acme-profile <NAME>",
    kind: text(),
    absent: "none, the authority's default",
    doc: "Certificate profile to ask for, such as Let's Encrypt's shortlived.",
    example: "shortlived",
  },
  {
    key: "eab_kid",
    flag: "--acme-eab-kid <ID>",
    kind: text(),
    absent: "none",
    doc: "Key identifier for an authority that wants external account binding.",
    example: "kid-1",
  },
  {
    key: "eab_hmac_key",
    flag: "--acme-eab-hmac-key <KEY>",
    kind: base64urlKey(),
    absent: "none",
    secret: true,
    doc: "The key that belongs to eab_kid, in base64url.",
    example: "${ACME_EAB_HMAC_KEY}",
  },
  {
    key: "directory_ca_file",
    flag: "--acme-directory-ca-file <FILE>",
    kind: text("expected the path of a PEM file"),
    absent: "none",
    doc: "PEM file with authorities to trust for directory_url, besides the usual ones.",
    example: "/etc/ssl/certs/company-ca.pem",
  },
] as const satisfies readonly Setting[];

/** Each way to serve HTTPS or not to, and the settings it uses. */
const modes = { disabled: [], manual, acme } as const satisfies Readonly<
  Record<string, readonly Setting[]>
>;

const mode = {
  key: "mode",
  flag: "--tls-mode <MODE>",
  kind: oneOf(Object.keys(modes) as (keyof typeof modes)[]),
  default: "disabled",
  doc: "Serve HTTPS instead of HTTP: with certificate files (manual), or with certificates from " +
    "an ACME authority (acme).",
  example: "disabled",
} as const satisfies Setting;

/** Whether and how HTTPS is served. */
export const tls = {
  name: "tls",
  title: "TLS",
  onReload: "keep",
  settings: [mode],
  variants: { by: "mode", of: modes },
} as const satisfies Section;
