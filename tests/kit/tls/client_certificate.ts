/** An application's certificate with its private key, as a PEM file holds them. */
export interface ClientCertificate {
  readonly path: string;
  /** The certificate alone. */
  readonly cert: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Makes a self-signed RSA certificate, as Entra ID takes for an application, with `openssl`. */
export async function makeClientCertificate(): Promise<ClientCertificate> {
  const directory = await Deno.makeTempDir();
  const [keyFile, certFile, path] = ["key", "cert", "both"].map((name) =>
    `${directory}/${name}.pem`
  );
  const { success, stderr } = await new Deno.Command("openssl", {
    args: [
      ..."req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=application".split(" "),
      ...["-keyout", keyFile!, "-out", certFile!],
    ],
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`openssl failed: ${new TextDecoder().decode(stderr)}`);
  const cert = await Deno.readTextFile(certFile!);
  await Deno.writeTextFile(path!, cert + await Deno.readTextFile(keyFile!));
  return {
    path: path!,
    cert,
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}
