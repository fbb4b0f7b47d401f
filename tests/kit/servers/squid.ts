import { join } from "node:path";
import { DEFAULT_DEADLINE_MS, withDeadline } from "../time/deadline.ts";
import { Daemon } from "../process/daemon.ts";
import { freePort } from "../process/free_port.ts";
import type { NeededProgram } from "../process/programs.ts";

/** For `programTest`. */
export const SQUID: NeededProgram = { program: "squid", install: "apt-get install squid" };

/** Name and password a client must give. */
export interface ProxyUser {
  name: string;
  password: string;
}

/** Debian's squid as forward proxy on a port of the loopback interface. */
export class Squid implements AsyncDisposable {
  readonly port: number;
  readonly #directory: string;
  readonly #user: ProxyUser | undefined;
  #daemon: Daemon | undefined;

  private constructor(directory: string, user: ProxyUser | undefined) {
    this.port = freePort();
    this.#directory = directory;
    this.#user = user;
  }

  /** Starts it. With a user, every request must carry the password. */
  static async start(user?: ProxyUser): Promise<Squid> {
    const directory = await Deno.makeTempDir({ prefix: "claude-proxy-squid-" });
    await Deno.chmod(directory, 0o777); // Started by root, it runs as the user "proxy".
    const squid = new Squid(directory, user);
    const config = join(directory, "squid.conf");
    await Deno.writeTextFile(config, squid.#config());
    if (user) {
      await Deno.writeTextFile(join(directory, "users"), `${user.name}:${await hash(user)}\n`);
    }
    squid.#daemon = await Daemon.start({
      program: "squid",
      args: ["-N", "-d", "1", "-n", `test${squid.port}`, "-f", config],
      ready: /Accepting HTTP Socket connections/,
    });
    await withDeadline(squid.#listening(), DEFAULT_DEADLINE_MS, "squid to listen");
    return squid;
  }

  /** It says that it accepts connections a moment before it does. */
  async #listening(): Promise<void> {
    for (;;) {
      try {
        return (await Deno.connect({ hostname: "127.0.0.1", port: this.port })).close();
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }

  /** Its URL for `HTTPS_PROXY`, with name and password where it wants them. */
  get url(): string {
    const { name, password } = this.#user ?? {};
    const userinfo = name === undefined ? "" : `${name}:${encodeURIComponent(password ?? "")}@`;
    return `http://${userinfo}127.0.0.1:${this.port}`;
  }

  /**
   * Waits until it has logged a request, which it does some time after the answer, and a tunnel at
   * its end.
   *
   * @param request method, target and status
   */
  async logged(request: string): Promise<void> {
    using changes = Deno.watchFs(this.#directory);
    let log = await this.#log();
    const found = async () => {
      if (log.includes(request)) return;
      for await (const _ of changes) {
        log = await this.#log();
        if (log.includes(request)) return;
      }
    };
    await withDeadline(found(), DEFAULT_DEADLINE_MS, () => `${request} in squid's log: ${log}`);
  }

  async #log(): Promise<string[]> {
    return (await Deno.readTextFile(join(this.#directory, "access.log"))).split("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon?.[Symbol.asyncDispose]();
    await Deno.remove(this.#directory, { recursive: true });
  }

  #config(): string {
    const file = (name: string) => join(this.#directory, name);
    const access = this.#user
      ? `auth_param basic program /usr/lib/squid/basic_ncsa_auth ${file("users")}
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all`
      : "http_access allow all";
    return `http_port 127.0.0.1:${this.port}
${access}
logformat short %rm %ru %>Hs
access_log stdio:${file("access.log")} short
buffered_logs off
cache_log /dev/null
coredump_dir ${this.#directory}
pid_filename none
pinger_enable off
cache deny all
shutdown_lifetime 0 seconds
`;
  }
}

/** The password as htpasswd writes it, salted MD5: squid's helper reads it. */
async function hash({ password }: ProxyUser): Promise<string> {
  const args = ["passwd", "-apr1", password];
  const { success, stdout, stderr } = await new Deno.Command("openssl", { args }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`openssl passwd failed: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout).trim();
}
