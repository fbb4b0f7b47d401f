/** A certificate and its private key, both PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

/**
 * Makes a self-signed certificate, valid for two days, with the program `openssl`. It is no CA, so
 * that rustls takes it as a server's, and can be trusted as it is in `caCerts`.
 *
 * @param names Subject alternative names as openssl writes them.
 * @param isAuthority It is a CA all the same.
 * @throws {Error} When openssl fails.
 */
export async function makeCertificate(
  names: string[] = ["DNS:localhost", "IP:127.0.0.1"],
  isAuthority = false,
): Promise<Certificate> {
  const key = await openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
  const constraints = `basicConstraints=critical,CA:${isAuthority ? "TRUE" : "FALSE"}`;
  const extensions = [`subjectAltName=${names.join(",")}`, constraints];
  const cert = await openssl([
    ..."req -x509 -key /dev/stdin -days 2 -subj /CN=localhost".split(" "),
    ...extensions.flatMap((extension) => ["-addext", extension]),
  ], key);
  return { cert, key };
}

async function openssl(args: string[], input = ""): Promise<string> {
  const child = new Deno.Command("openssl", {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { success, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`openssl ${args[0]} failed: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
