import { join } from "node:path";
import { type Issued, TestAuthority } from "../tls/authority.ts";
import { ProxyProcess } from "../process/proxy_process.ts";
import { servedCertificate } from "../tls/served_certificate.ts";

/** A directory with a certificate and its key, as an operator would keep them. */
export class CertificateDirectory implements Disposable {
  readonly path: string = Deno.makeTempDirSync();
  readonly certPath: string = join(this.path, "tls.crt");
  readonly keyPath: string = join(this.path, "tls.key");

  /** Rewrites both files in place. */
  write({ cert, key }: Issued): void {
    Deno.writeTextFileSync(this.keyPath, key);
    Deno.writeTextFileSync(this.certPath, cert);
  }

  /** Replaces both files by renaming others over them. */
  rename({ cert, key }: Issued): void {
    for (const [path, text] of [[this.keyPath, key], [this.certPath, cert]] as const) {
      Deno.writeTextFileSync(`${path}.new`, text);
      Deno.renameSync(`${path}.new`, path);
    }
  }

  /**
   * Replaces both files as Kubernetes does for a mounted secret: they are links into `..data`, a
   * link to a directory, and only that link is swapped.
   */
  swapLink({ cert, key }: Issued): void {
    const version = `..${crypto.randomUUID()}`;
    Deno.mkdirSync(join(this.path, version));
    Deno.writeTextFileSync(join(this.path, version, "tls.crt"), cert);
    Deno.writeTextFileSync(join(this.path, version, "tls.key"), key);
    Deno.symlinkSync(version, join(this.path, "..data_tmp"));
    Deno.renameSync(join(this.path, "..data_tmp"), join(this.path, "..data"));
    for (const path of [this.certPath, this.keyPath]) {
      const target = join("..data", path.slice(this.path.length + 1));
      if (isLink(path)) continue;
      Deno.symlinkSync(target, `${path}.new`);
      Deno.renameSync(`${path}.new`, path);
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** A proxy in mode manual, with all that its certificate comes from. */
export class HttpsProxy implements AsyncDisposable {
  readonly authority: TestAuthority;
  readonly directory: CertificateDirectory;
  readonly process: ProxyProcess;

  private constructor(
    authority: TestAuthority,
    directory: CertificateDirectory,
    process: ProxyProcess,
  ) {
    this.authority = authority;
    this.directory = directory;
    this.process = process;
  }

  /** Starts it with a certificate for localhost. */
  static async start(
    upstreamUrl: string,
    args: string[] = [],
    maxOpenFiles?: number,
  ): Promise<HttpsProxy> {
    const authority = await TestAuthority.create();
    const directory = new CertificateDirectory();
    directory.write(await authority.issue());
    const process = await ProxyProcess.start({
      upstreamUrl,
      port: null, // It is not used with TLS.
      args: manual(directory, args),
      ...(maxOpenFiles !== undefined && { maxOpenFiles }),
    });
    return new HttpsProxy(authority, directory, process);
  }

  get port(): number {
    return this.process.port;
  }

  /**
   * The serial number that a new connection shows, after checking that it can be trusted. A
   * connection inside its handshake when a certificate is replaced is reset, as the README says:
   * then the next one tells.
   */
  async serial(): Promise<string> {
    const look = { port: this.port, ca: [this.authority.root] };
    const { serial, distrust } = await servedCertificate(look)
      .catch(() => servedCertificate(look));
    if (distrust !== undefined) throw new Error(`Expected a trusted certificate: ${distrust}`);
    return serial;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    this.directory[Symbol.dispose]();
  }
}

/** The flags of mode manual for a directory, and more; the system picks a port unless one is named. */
export function manual(
  { certPath, keyPath }: CertificateDirectory,
  args: string[] = [],
  port = 0,
): string[] {
  return [
    ...["--tls-mode", "manual", "--https-port", String(port)],
    ...["--tls-cert-path", certPath, "--tls-key-path", keyPath, ...args],
  ];
}

function isLink(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch {
    return false;
  }
}
