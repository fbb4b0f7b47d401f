import { join } from "node:path";
import { Daemon } from "../process/daemon.ts";
import { freePort } from "../process/free_port.ts";
import type { NeededProgram } from "../process/programs.ts";

/** For `programTest`. */
export const NGINX: NeededProgram = { program: "nginx", install: "apt-get install nginx-light" };

/** What is not the same for all tests. */
export interface NginxOptions {
  /** @default {true} */
  tls?: boolean;
  /** Directives beside the server's. @default {""} */
  http?: string;
}

/** Debian's nginx with one server, with TLS unless told otherwise, on a port of loopback. */
export class Nginx implements AsyncDisposable {
  readonly port: number = freePort();
  readonly #directory: string;
  readonly #tls: boolean;
  #daemon: Daemon | undefined;

  private constructor(directory: string, tls: boolean) {
    this.#directory = directory;
    this.#tls = tls;
  }

  /**
   * Starts it with one server.
   *
   * @param server Directives of the server, but for `listen`; they name files by their keys.
   * @param files Put beside the configuration.
   */
  static start(
    server: string,
    files: Record<string, string>,
    { tls = true, http = "" }: NginxOptions = {},
  ): Promise<Nginx> {
    const block = (port: number) =>
      `${http}
  server {
    listen 127.0.0.1:${port}${tls ? " ssl" : ""};
    ${server}
  }`;
    return Nginx.startWith(block, files, tls);
  }

  /**
   * Starts it.
   *
   * @param http Makes the directives of the `http` block, given the port to listen on.
   * @param files Put beside the configuration.
   * @param tls Whether the server on that port speaks TLS. @default {true}
   */
  static async startWith(
    http: (port: number) => string,
    files: Record<string, string>,
    tls = true,
  ): Promise<Nginx> {
    const directory = await Deno.makeTempDir({ prefix: "claude-proxy-nginx-" });
    await Deno.chmod(directory, 0o777); // Started by root, its worker is another user.
    const nginx = new Nginx(directory, tls);
    for (const [name, content] of Object.entries(files)) {
      await Deno.writeTextFile(join(directory, name), content);
    }
    await Deno.writeTextFile(join(directory, "nginx.conf"), config(http(nginx.port)));
    nginx.#daemon = await Daemon.start({
      program: "nginx",
      args: ["-p", directory, "-c", "nginx.conf", "-e", "stderr"],
      ready: /start worker process \d+$/,
    });
    return nginx;
  }

  /** Its master process. */
  get pid(): number {
    if (this.#daemon === undefined) throw new Error("nginx was not started");
    return this.#daemon.pid;
  }

  /** Its URL. */
  get url(): string {
    return `http${this.#tls ? "s" : ""}://localhost:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon?.[Symbol.asyncDispose]();
    await Deno.remove(this.#directory, { recursive: true });
  }
}

function config(http: string): string {
  return `daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events {}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  ${http}
}
`;
}
