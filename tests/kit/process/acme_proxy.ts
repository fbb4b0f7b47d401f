import { join } from "node:path";
import { freePort } from "./free_port.ts";
import type { Pebble } from "../servers/pebble.ts";
import { type ProxyOptions, ProxyProcess } from "./proxy_process.ts";
import { type ServedCertificate, servedCertificate } from "../tls/served_certificate.ts";

/** How a proxy in mode acme is started. */
export interface AcmeProxyOptions {
  /** @default {["a.example.com"]} */
  domains?: string[];
  /** @default {one that refuses connections} */
  upstreamUrl?: string;
  /** Where account and certificate are kept. */
  cacheDir: CacheDirectory;
  /** @default {the one that Pebble asks} */
  challengePort?: number;
  /** More flags. */
  args?: string[];
}

/** A directory for account and certificate that outlives a proxy. */
export class CacheDirectory implements Disposable {
  readonly parent: string = Deno.makeTempDirSync();
  /** Does not exist before a proxy makes it. */
  readonly path: string = join(this.parent, "cache", "acme");

  /** Every file below, with its permission bits. */
  files(directory = this.path): [path: string, mode: number][] {
    return [...Deno.readDirSync(directory)].flatMap((entry) => {
      const path = join(directory, entry.name);
      const own: [string, number] = [path, (Deno.statSync(path).mode ?? 0) & 0o777];
      return entry.isDirectory ? [own, ...this.files(path)] : [own];
    });
  }

  /** The PEM file with chain and key. */
  certificate(): string {
    const [path] = this.files().find(([path]) => path.endsWith(".pem")) ?? [];
    if (path === undefined) throw new Error(`No certificate in ${this.path}`);
    return Deno.readTextFileSync(path);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.parent, { recursive: true });
  }
}

/** Starts a proxy that gets its certificate from a Pebble. */
export function startAcmeProxy(pebble: Pebble, options: AcmeProxyOptions): Promise<ProxyProcess> {
  return ProxyProcess.start(acmeOptions(pebble, options));
}

/** How the program is started to get its certificate from a Pebble. */
export function acmeOptions(pebble: Pebble, options: AcmeProxyOptions): ProxyOptions {
  const { domains = ["a.example.com"], upstreamUrl = "http://127.0.0.1:9", args = [] } = options;
  const { challengePort = pebble.challengePort, cacheDir } = options;
  return {
    upstreamUrl,
    permissions: ["--allow-net", "--allow-read", `--allow-write=${cacheDir.path}`],
    args: [
      ...["--tls-mode", "acme", "--https-port", String(freePort())],
      ...["--acme-email", "admin@example.com", "--acme-domains", domains.join(",")],
      ...["--acme-directory-url", pebble.directoryUrl],
      ...["--acme-directory-ca-file", pebble.caFile],
      ...["--acme-cache-dir", cacheDir.path, "--http-challenge-port", String(challengePort)],
      ...args,
    ],
  };
}

/** Milliseconds that an order may take on a busy machine: a worker starts for it, and loads much. */
export const ORDER_DEADLINE_MS = 60_000;

/** Waits until the proxy has said that it has a certificate from the authority. */
export async function certificateIssued(proxy: ProxyProcess): Promise<void> {
  await proxy.waitForLine(/msg="certificate issued"/, ORDER_DEADLINE_MS);
}

/** What the proxy shows for a name, checked against the authority's root. */
export async function shown(
  proxy: ProxyProcess,
  pebble: Pebble,
  serverName = "a.example.com",
): Promise<ServedCertificate> {
  return await servedCertificate({ port: proxy.port, ca: [await pebble.root()], serverName });
}
