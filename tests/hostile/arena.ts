import { fileURLToPath } from "node:url";
import { Daemon } from "../kit/process/daemon.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { HttpsProxy } from "../kit/servers/https_proxy.ts";
import type { Attack, Victim } from "./attack.ts";
import type { BystanderOptions } from "./bystander.ts";

const READY = /^\d+$/;

/** Deno's own TLS client takes some 10 ms for each connection, and cannot keep up with many more. */
const TLS_RATE = 20;

/** A server that can be attacked. */
export interface Defender {
  /** What attackers need to know of it. */
  readonly victim: Victim;
  /** Resident memory, in bytes. */
  rssBytes(): number;
  /** Open file descriptors. */
  fdCount(): number;
}

/**
 * Two upstreams, and in front of them three proxies, one with TLS, and one with two workers that takes
 * uploads: each a process of its own.
 */
export class Arena implements AsyncDisposable {
  readonly #upstreams: readonly [any: Daemon, uploads: Daemon];
  readonly #plain: ProxyProcess;
  readonly #uploads: ProxyProcess;
  readonly #tls: HttpsProxy;

  private constructor(
    upstreams: readonly [any: Daemon, uploads: Daemon],
    plain: ProxyProcess,
    uploads: ProxyProcess,
    tls: HttpsProxy,
  ) {
    this.#upstreams = upstreams;
    this.#plain = plain;
    this.#uploads = uploads;
    this.#tls = tls;
  }

  /** Starts all of them. */
  static async start(): Promise<Arena> {
    const upstreams = [await daemon("upstream.ts"), await daemon("upload_upstream.ts")] as const;
    const [upstreamUrl, uploadUrl] = await Promise.all([urlOf(upstreams[0]), urlOf(upstreams[1])]);
    return new Arena(
      upstreams,
      await ProxyProcess.start({ upstreamUrl }),
      await ProxyProcess.start({ upstreamUrl: uploadUrl, args: ["--workers", "2"] }),
      await HttpsProxy.start(upstreamUrl),
    );
  }

  /** The upstream behind what an attack is on. */
  upstreamUrl({ uploads }: Attack): Promise<string> {
    return urlOf(this.#upstreams[uploads ? 1 : 0]);
  }

  /** The proxy that an attack is on. */
  attacked({ speaks, uploads }: Attack): ProxyProcess {
    if (uploads) return this.#uploads;
    return speaks === "http" || speaks === "h2c" ? this.#plain : this.#tls.process;
  }

  /** The same, for attackers. */
  defender(attack: Attack): Defender {
    const proxy = this.attacked(attack);
    const caCerts = [this.#tls.authority.root];
    return {
      victim: { port: proxy.port, tlsPort: this.#tls.port, caCerts },
      rssBytes: () => proxy.rssBytes(),
      fdCount: () => proxy.fdCount(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#plain[Symbol.asyncDispose]();
    await this.#uploads[Symbol.asyncDispose]();
    await this.#tls[Symbol.asyncDispose]();
    for (const upstream of this.#upstreams) await upstream[Symbol.asyncDispose]();
  }
}

/** Where somebody stands who is to feel an attack. */
export function besides({ speaks }: Attack, { port, tlsPort, caCerts }: Victim): BystanderOptions {
  return speaks === "http" || speaks === "h2c"
    ? { port }
    : { port: tlsPort, tls: { caCerts }, rate: TLS_RATE };
}

function daemon(script: string): Promise<Daemon> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return Daemon.start({ program: Deno.execPath(), args: ["run", "-A", path], ready: READY });
}

async function urlOf(upstream: Daemon): Promise<string> {
  return `http://127.0.0.1:${await upstream.waitForLine(READY)}`;
}
