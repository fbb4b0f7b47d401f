import { join } from "node:path";
import { TestAuthority } from "../tls/authority.ts";
import { Condition } from "../time/condition.ts";
import { DEFAULT_DEADLINE_MS } from "../time/deadline.ts";
import { freePort } from "../process/free_port.ts";
import { LineLog } from "../process/line_log.ts";
import type { NeededProgram } from "../process/programs.ts";

/** Debian's Pebble and its DNS server. */
export const PEBBLE: NeededProgram[] = [
  { program: "pebble", install: "apt-get install pebble" },
  { program: "pebble-challtestsrv", install: "apt-get install pebble" },
];

/** A Pebble with ARI and profiles, under a name of its own. */
export const PEBBLE_ARI: NeededProgram[] = [
  {
    program: "pebble-ari",
    install: "go install github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.1, as pebble-ari",
  },
  ...PEBBLE.slice(1),
];

/** How a Pebble is started. */
export interface PebbleOptions {
  /** @default {"pebble"} */
  program?: "pebble" | "pebble-ari";
  /** Percentage of good nonces that it rejects. @default {0} */
  nonceReject?: number;
  /** Wants external account binding with these keys, by identifier. */
  externalAccounts?: Record<string, string>;
  /** Domains it will not issue for. */
  blocked?: string[];
  /** Lifetime of certificates, in seconds. */
  lifetime?: number;
  /** Certificate profiles: their lifetimes in seconds (`pebble-ari` alone has them). */
  profiles?: Record<string, number>;
}

/**
 * The certificate authority Pebble with a DNS server that sends every name to 127.0.0.1, all on free
 * ports of loopback. It forgets everything when it stops.
 */
export class Pebble implements AsyncDisposable {
  /** Where it looks for HTTP-01 responses; free when Pebble started. */
  readonly challengePort: number;
  readonly directoryUrl: string;
  /** PEM file to trust for {@linkcode directoryUrl}. */
  readonly caFile: string;
  readonly #ca: string;
  readonly #managementUrl: string;
  readonly #directory: string;
  readonly #options: PebbleOptions;
  readonly #dnsPort: number;
  readonly #changed = new Condition();
  readonly #dns: Program;
  #pebble: Program | undefined;

  private constructor(options: PebbleOptions, directory: string, ca: string) {
    const [port, managementPort, dnsPort, dnsManagementPort] = Array.from({ length: 4 }, freePort);
    this.#options = options;
    this.#directory = directory;
    this.#ca = ca;
    this.caFile = join(directory, "ca.pem");
    this.challengePort = freePort();
    this.directoryUrl = `https://localhost:${port}/dir`;
    this.#managementUrl = `https://localhost:${managementPort}`;
    this.#dnsPort = dnsPort!;
    this.#writeConfig(port!, managementPort!);
    this.#dns = new Program(
      "pebble-challtestsrv",
      [
        ...["-dns01", `127.0.0.1:${dnsPort}`, "-management", `127.0.0.1:${dnsManagementPort}`],
        ...["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""],
        ...["-defaultIPv4", "127.0.0.1"],
      ],
      {},
      this.#changed,
    );
  }

  /** Starts it and waits until it answers. */
  static async start(options: PebbleOptions = {}): Promise<Pebble> {
    const directory = await Deno.makeTempDir();
    const authority = await TestAuthority.create();
    const { cert, key } = await authority.issue({ names: ["localhost", "127.0.0.1"] });
    await Deno.writeTextFile(join(directory, "cert.pem"), cert);
    await Deno.writeTextFile(join(directory, "key.pem"), key);
    await Deno.writeTextFile(join(directory, "ca.pem"), authority.root);
    const pebble = new Pebble(options, directory, authority.root);
    await pebble.resume();
    return pebble;
  }

  /** Starts the authority again, on the same ports and with no memory. */
  async resume(): Promise<void> {
    const { program = "pebble", nonceReject = 0 } = this.#options;
    const config = join(this.#directory, "config.json");
    const args = ["-strict", "-config", config, "-dnsserver", `127.0.0.1:${this.#dnsPort}`];
    this.#pebble = new Program(program, args, {
      PEBBLE_VA_NOSLEEP: "1",
      PEBBLE_WFE_NONCEREJECT: String(nonceReject),
      PEBBLE_AUTHZREUSE: "0",
    }, this.#changed);
    await this.waitForLine(/Listening on: /);
    await this.#untilConnected();
  }

  /** Stops the authority; its ports then refuse connections. */
  async pause(): Promise<void> {
    await this.#pebble?.[Symbol.asyncDispose]();
  }

  /** Requests of one kind since the start, by a part of Pebble's own log line. */
  count(text: string): number {
    return this.#lines().filter((line) => line.includes(text)).length;
  }

  /** Orders since the start. */
  get orders(): number {
    return this.count("POST /order-plz -> calling handler");
  }

  /** Account registrations since the start. */
  get registrations(): number {
    return this.count("POST /sign-me-up -> calling handler");
  }

  waitForLine(pattern: RegExp): Promise<string> {
    const find = () => this.#lines().find((line) => pattern.test(line));
    return this.#changed.until(find, () => `${pattern}, got\n${this.#lines().join("\n")}`);
  }

  /** The root certificate of what it issues, PEM. */
  async root(): Promise<string> {
    return await (await this.#management("/roots/0")).text();
  }

  /** Has it answer questions about when to renew a certificate with this (ARI). */
  async setRenewalInfo(certificate: string, response: unknown): Promise<void> {
    const [leaf] = certificate.split(/(?<=-----END CERTIFICATE-----\n)/);
    const body = JSON.stringify({ Certificate: leaf, ARIResponse: JSON.stringify(response) });
    const answer = await this.#management("/set-renewal-info/", { method: "POST", body });
    await answer.body?.cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pause();
    await this.#dns[Symbol.asyncDispose]();
    await Deno.remove(this.#directory, { recursive: true });
  }

  #lines(): readonly string[] {
    return this.#pebble?.lines ?? [];
  }

  /** Pebble says that it listens before it does, and nothing else tells. */
  async #untilConnected(): Promise<void> {
    const until = performance.now() + DEFAULT_DEADLINE_MS;
    for (;;) {
      try {
        await this.#management("/roots/0");
        return await this.#directoryAnswers();
      } catch (error) {
        if (performance.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }

  async #directoryAnswers(): Promise<void> {
    using client = Deno.createHttpClient({ caCerts: [this.#ca] });
    await (await fetch(this.directoryUrl, { client })).body?.cancel();
  }

  async #management(path: string, init?: RequestInit): Promise<Response> {
    using client = Deno.createHttpClient({ caCerts: [this.#ca] });
    const response = await fetch(this.#managementUrl + path, { ...init, client });
    const body = await response.text();
    if (!response.ok) throw new Error(`Pebble answered ${path} with ${response.status}: ${body}`);
    return new Response(body);
  }

  #writeConfig(port: number, managementPort: number): void {
    const { externalAccounts, blocked, lifetime, profiles } = this.#options;
    const pebble = {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${managementPort}`,
      certificate: join(this.#directory, "cert.pem"),
      privateKey: join(this.#directory, "key.pem"),
      httpPort: this.challengePort,
      tlsPort: 1,
      externalAccountBindingRequired: externalAccounts !== undefined,
      externalAccountMACKeys: externalAccounts,
      domainBlocklist: blocked,
      certificateValidityPeriod: lifetime,
      profiles: profiles && Object.fromEntries(
        Object.entries(profiles).map(([name, validityPeriod]) => [
          name,
          { description: name, validityPeriod },
        ]),
      ),
    };
    Deno.writeTextFileSync(join(this.#directory, "config.json"), JSON.stringify({ pebble }));
  }
}

/** A child process whose output is kept line by line. */
class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdout: LineLog;
  readonly #stderr: LineLog;

  constructor(name: string, args: string[], env: Record<string, string>, changed: Condition) {
    this.#child = new Deno.Command(name, {
      args,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdout = new LineLog(this.#child.stdout, () => changed.notify());
    this.#stderr = new LineLog(this.#child.stderr, () => changed.notify());
  }

  get lines(): readonly string[] {
    return [...this.#stdout.lines, ...this.#stderr.lines];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // It has ended by itself.
    }
    await Promise.all([this.#child.status, this.#stdout.done, this.#stderr.done]);
  }
}
