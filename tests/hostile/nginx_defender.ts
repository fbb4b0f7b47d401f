import { processTree } from "../bench/machine/process_tree.ts";
import { freePort } from "../kit/process/free_port.ts";
import { Nginx } from "../kit/servers/nginx.ts";
import { TestAuthority } from "../kit/tls/authority.ts";
import type { Defender } from "./arena.ts";
import type { Victim } from "./attack.ts";

/** nginx with one worker in front of the same upstream, without TLS and with: for comparison. */
export class NginxDefender implements Defender, AsyncDisposable {
  readonly victim: Victim;
  readonly #nginx: Nginx;

  private constructor(nginx: Nginx, victim: Victim) {
    this.#nginx = nginx;
    this.victim = victim;
  }

  /** Starts it. */
  static async start(upstreamUrl: string): Promise<NginxDefender> {
    const authority = await TestAuthority.create();
    const { cert, key } = await authority.issue();
    const tlsPort = freePort();
    const http = (port: number) =>
      `upstream api { server ${new URL(upstreamUrl).host}; keepalive 64; }
  client_max_body_size 0;
  server {
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${tlsPort} ssl http2;
    ssl_certificate cert.pem;
    ssl_certificate_key key.pem;
    location / {
      proxy_pass http://api;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_request_buffering off;
    }
  }`;
    const nginx = await Nginx.startWith(http, { "cert.pem": cert, "key.pem": key }, false);
    return new NginxDefender(nginx, { port: nginx.port, tlsPort, caCerts: [authority.root] });
  }

  rssBytes(): number {
    return this.#pids().reduce((sum, pid) => sum + residentBytes(pid), 0);
  }

  fdCount(): number {
    return this.#pids().reduce((sum, pid) => sum + descriptors(pid), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#nginx[Symbol.asyncDispose]();
  }

  #pids(): number[] {
    return processTree(this.#nginx.pid);
  }
}

function residentBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

function descriptors(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}
