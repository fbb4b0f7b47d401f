import { fileURLToPath } from "node:url";
import { Daemon } from "../kit/process/daemon.ts";
import { HttpsProxy } from "../kit/servers/https_proxy.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import type { Attack, Victim } from "./attack.ts";
import type { BystanderOptions } from "./bystander.ts";

const UPSTREAM = fileURLToPath(new URL("./upstream.ts", import.meta.url));

/** Deno's own TLS client takes some 10 ms for each connection, and cannot keep up with many more. */
const TLS_RATE = 20;

/** An upstream, and in front of it two proxies, one with TLS: each a process of its own. */
export class Arena implements AsyncDisposable {
  readonly #upstream: Daemon;
  readonly #plain: ProxyProcess;
  readonly #tls: HttpsProxy;

  private constructor(upstream: Daemon, plain: ProxyProcess, tls: HttpsProxy) {
    this.#upstream = upstream;
    this.#plain = plain;
    this.#tls = tls;
  }

  /** Starts all three. */
  static async start(): Promise<Arena> {
    const ready = /^\d+$/;
    const args = ["run", "--allow-net", UPSTREAM];
    const upstream = await Daemon.start({ program: Deno.execPath(), args, ready });
    const upstreamUrl = `http://127.0.0.1:${await upstream.waitForLine(ready)}`;
    const plain = await ProxyProcess.start({ upstreamUrl });
    return new Arena(upstream, plain, await HttpsProxy.start(upstreamUrl));
  }

  /** What attackers need to know. */
  get victim(): Victim {
    const caCerts = [this.#tls.authority.root];
    return { port: this.#plain.port, tlsPort: this.#tls.port, caCerts };
  }

  /** The proxy that an attack is on. */
  attacked({ speaks }: Attack): ProxyProcess {
    return speaks === "http" ? this.#plain : this.#tls.process;
  }

  /** Where somebody stands who is to feel an attack. */
  besides({ speaks }: Attack): BystanderOptions {
    const { port, tlsPort, caCerts } = this.victim;
    return speaks === "http" ? { port } : { port: tlsPort, tls: { caCerts }, rate: TLS_RATE };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#plain[Symbol.asyncDispose]();
    await this.#tls[Symbol.asyncDispose]();
    await this.#upstream[Symbol.asyncDispose]();
  }
}
