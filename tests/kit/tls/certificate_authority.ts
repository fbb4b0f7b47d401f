import { join } from "node:path";
import type { Certificate } from "./certificate.ts";

/** A certificate authority of the test's own, made with the program `openssl`. */
export interface CertificateAuthority {
  /** Its certificate, PEM. */
  readonly cert: string;
  /**
   * Issues a certificate for two days.
   *
   * @param commonName Its subject.
   * @param names Subject alternative names as openssl writes them.
   */
  issue(commonName: string, names?: string[]): Promise<Certificate>;
}

const KEY = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split(" ");

/** Makes an authority that is called `commonName`. */
export async function makeAuthority(commonName: string): Promise<CertificateAuthority> {
  const ca = await certify(commonName, ["basicConstraints=critical,CA:TRUE"]);
  return {
    cert: ca.cert,
    issue: (name, names = ["DNS:localhost", "IP:127.0.0.1"]) =>
      certify(name, [
        "basicConstraints=critical,CA:FALSE",
        ...(names.length > 0 ? [`subjectAltName=${names.join(",")}`] : []),
      ], ca),
  };
}

async function certify(
  commonName: string,
  extensions: string[],
  issuer?: Certificate,
): Promise<Certificate> {
  const directory = await Deno.makeTempDir({ prefix: "claude-proxy-test-" });
  const file = (name: string) => join(directory, name);
  try {
    if (issuer) {
      await Deno.writeTextFile(file("ca.pem"), issuer.cert);
      await Deno.writeTextFile(file("ca.key"), issuer.key);
    }
    const output = await new Deno.Command("openssl", {
      args: [
        ...["req", "-x509", ...KEY, "-subj", `/CN=${commonName}`],
        ...["-keyout", file("key"), "-out", file("cert")],
        ...(issuer ? ["-CA", file("ca.pem"), "-CAkey", file("ca.key")] : []),
        ...extensions.flatMap((extension) => ["-addext", extension]),
      ],
    }).output();
    if (!output.success) {
      throw new Error(`openssl failed: ${new TextDecoder().decode(output.stderr)}`);
    }
    return {
      cert: await Deno.readTextFile(file("cert")),
      key: await Deno.readTextFile(file("key")),
    };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
