import { AcmeCache } from "../../../src/tls/acme/cache.ts";
import { AcmeSource } from "../../../src/tls/acme/acme_source.ts";
import { ChallengeServer } from "../../../src/tls/acme/challenge_server.ts";
import { type Certificate, readCertificate } from "../../../src/tls/certificate.ts";
import { CacheDirectory, ORDER_DEADLINE_MS } from "./acme_proxy.ts";
import { Condition } from "../time/condition.ts";
import { FakeClock } from "../time/fake_clock.ts";
import { Pebble, type PebbleOptions } from "../servers/pebble.ts";
import type { CertificatePair } from "../../../src/ipc/messages.ts";

/** How a source is run in a test. */
export interface RunOptions {
  cacheDir?: CacheDirectory;
  clock?: FakeClock;
  profile?: string;
}

/** What a source needs to know of an authority. */
export type Authority = Pick<Pebble, "directoryUrl" | "caFile" | "challengePort">;

/** A certificate source with a held clock and no chance. */
export class AcmeRun<A extends Authority = Authority> implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly served: CertificatePair[] = [];
  readonly logs: [message: string, fields: Record<string, unknown>][] = [];
  readonly #changed = new Condition();
  readonly #owned: AsyncDisposableStack;
  source!: AcmeSource;
  /** The authority. */
  readonly pebble: A;

  private constructor(pebble: A, clock: FakeClock, owned: AsyncDisposableStack) {
    this.pebble = pebble;
    this.clock = clock;
    this.#owned = owned;
  }

  /** Starts one on a Pebble of its own. */
  static async start(pebbleOptions: PebbleOptions): Promise<AcmeRun<Pebble>> {
    const owned = new AsyncDisposableStack();
    return await AcmeRun.on(owned.use(await Pebble.start(pebbleOptions)), {}, owned);
  }

  /** Starts one on an authority. */
  static async on<A extends Authority>(
    pebble: A,
    { cacheDir, clock = new FakeClock(Date.now()), profile }: RunOptions,
    owned = new AsyncDisposableStack(),
  ): Promise<AcmeRun<A>> {
    const run = new AcmeRun(pebble, clock, owned);
    const identity = {
      directoryUrl: pebble.directoryUrl,
      directoryCaCerts: [Deno.readTextFileSync(pebble.caFile)],
      domains: ["a.example.com"],
      keyType: "ecdsa" as const,
      profile,
      challengePort: pebble.challengePort,
      email: "admin@example.com",
    };
    const cache = new AcmeCache((cacheDir ?? owned.use(new CacheDirectory())).path, identity);
    const challenges = await ChallengeServer.start({
      hostname: "127.0.0.1",
      port: pebble.challengePort,
      https: { domains: identity.domains, port: 443 },
      onDeath: (death) => run.#log("challenge server died", { ...death }),
    });
    const log = (message: string, fields = {}) => run.#log(message, fields);
    run.source = await AcmeSource.open({
      identity,
      cache,
      challenges,
      log: { info: log, warn: log, error: log },
      clock,
      random: () => 0,
    });
    run.source.start((pair) => {
      run.served.push(pair);
      return Promise.resolve();
    });
    return run;
  }

  /** Waits for the certificate with this number, counted from 1. */
  async issued(count: number): Promise<Certificate> {
    await this.logged("certificate issued", count);
    const { cert, key } = this.served[count - 1]!;
    const name = "issued";
    return readCertificate({ name, text: cert }, { name, text: key });
  }

  countLogged(message: string): number {
    return this.logs.filter(([logged]) => logged === message).length;
  }

  async logged(message: string, count: number): Promise<void> {
    const enough = () => this.countLogged(message) >= count || undefined;
    const what = () => `"${message}", got ${JSON.stringify(this.logs)}`;
    await this.#changed.until(enough, what, ORDER_DEADLINE_MS);
  }

  /** Milliseconds until the next try that the last failure announced. */
  untilNextTry(): number {
    const [, fields] = this.logs.findLast(([message]) => message === "no certificate was issued")!;
    return Date.parse(String(fields["next_try"])) - this.clock.now();
  }

  /** Lets the time pass in the steps that the source asks for. */
  async passUntilNextTry(): Promise<void> {
    while (this.untilNextTry() > 0) await this.clock.leap(await this.clock.untilSet());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.source.stop();
    await this.#owned.disposeAsync();
  }

  #log(message: string, fields: Record<string, unknown>): void {
    this.logs.push([message, fields]);
    this.#changed.notify();
  }
}
