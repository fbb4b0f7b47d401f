import { makeAuthority } from "../../kit/tls/certificate_authority.ts";
import type { TemporaryDirectory } from "../../kit/process/temporary_directory.ts";
import type { ServerCertificate } from "../contenders/contender.ts";

/** A certificate for localhost, and a file with the authority that vouches for it. */
export async function makeServerCertificate(
  directory: TemporaryDirectory,
): Promise<ServerCertificate & { readonly caPath: string }> {
  const authority = await makeAuthority("Benchmark");
  const { cert, key } = await authority.issue("localhost");
  const path = (name: string, text: string) => {
    Deno.writeTextFileSync(directory.join(name), text);
    return directory.join(name);
  };
  return {
    certPath: path("tls.crt", cert),
    keyPath: path("tls.key", key),
    caPath: path("ca.crt", authority.cert),
    caCert: authority.cert,
  };
}
