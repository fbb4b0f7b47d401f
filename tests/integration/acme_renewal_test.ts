import assert from "node:assert/strict";
import { AcmeCache } from "../../src/tls/acme/cache.ts";
import { AcmeSource } from "../../src/tls/acme/acme_source.ts";
import { ChallengeServer } from "../../src/tls/acme/challenge_server.ts";
import type { Certificate, CertificatePair } from "../../src/tls/certificate.ts";
import { readCertificate } from "../../src/tls/certificate.ts";
import { CacheDirectory } from "../kit/acme_proxy.ts";
import { Condition } from "../kit/condition.ts";
import { HeldClock } from "../kit/held_clock.ts";
import { PEBBLE, Pebble, PEBBLE_ARI, type PebbleOptions } from "../kit/pebble.ts";
import { programTest } from "../kit/programs.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

programTest({
  name: "a certificate is renewed at two thirds of its lifetime, by the same account",
  needs: PEBBLE,
  fn: async () => {
    await using run = await Run.start({ lifetime: 90 * 86_400 });
    const first = await run.issued(1);
    const renewAt = first.notBefore + (first.notAfter - first.notBefore) * 2 / 3;
    await run.clock.advance(renewAt - HOUR - run.clock.now());
    assert.ok(await run.clock.idle() <= HOUR);
    assert.equal(run.pebble.orders, 1);
    await run.clock.advance(HOUR);
    const second = await run.issued(2);
    assert.notEqual(second.serial, first.serial);
    assert.deepEqual([run.pebble.orders, run.pebble.registrations], [2, 1]);
  },
});

programTest({
  name: "failed renewals back off from 1 minute to 6 hours, keep the old certificate, then succeed",
  needs: PEBBLE,
  fn: async () => {
    await using run = await Run.start({ lifetime: 90 * 86_400 });
    const first = await run.issued(1);
    await run.pebble.pause();
    await run.clock.advance(60 * DAY);
    const waits: number[] = [];
    for (let failures = 1; failures <= 11; failures++) {
      await run.logged("no certificate was issued", failures);
      waits.push(run.untilNextTry());
      await run.passUntilNextTry();
    }
    assert.deepEqual(
      waits.map((wait) => Math.round(wait / MINUTE)),
      [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360],
    );
    assert.equal(run.served.length, 1);
    assert.equal(run.source.current.cert, first.cert);
    await run.logged("no certificate was issued", 12);
    await run.pebble.resume();
    await run.source.reloadCertificates();
    await run.issued(2);
  },
});

programTest({
  name: "a crash loop does not order again while a valid certificate is cached",
  needs: PEBBLE,
  fn: async () => {
    using cacheDir = new CacheDirectory();
    const clock = new HeldClock();
    await using pebble = await Pebble.start({ lifetime: 90 * 86_400 });
    {
      await using first = await Run.on(pebble, { cacheDir, clock });
      await first.issued(1);
    }
    await pebble.pause();
    await moveTo(clock, 80 * DAY);
    for (let start = 1; start <= 5; start++) {
      await using crashing = await Run.on(pebble, { cacheDir, clock });
      if (start === 1) await crashing.logged("no certificate was issued", 1);
      else assert.ok(await clock.idle() > 0);
      assert.equal(crashing.countLogged("ordering a certificate"), start === 1 ? 1 : 0);
    }
  },
});

programTest({
  name: "a renewal that the authority suggests (ARI) comes early and names what it replaces",
  needs: PEBBLE_ARI,
  fn: async () => {
    await using run = await Run.start({ program: "pebble-ari" });
    const first = await run.issued(1);
    const past = { start: "2020-01-01T00:00:00Z", end: "2020-01-02T00:00:00Z" };
    const explanationURL = "https://example.com/why";
    await run.pebble.setRenewalInfo(first.cert, { suggestedWindow: past, explanationURL });
    await run.clock.advance(HOUR);
    const second = await run.issued(2);
    assert.notEqual(second.serial, first.serial);
    const [suggestion] = run.logs.filter(([message]) => message.includes("suggests a time"));
    assert.equal(suggestion?.[1]["explanation"], explanationURL);
    assert.equal(run.pebble.count("/renewalInfo/"), 1);
    await run.pebble.waitForLine(/replac/i);
  },
});

programTest({
  name: "the certificate profile asked for decides the lifetime; an unknown one is refused by name",
  needs: PEBBLE_ARI,
  fn: async () => {
    const profiles = { default: 7_776_000, shortlived: 518_400 };
    await using pebble = await Pebble.start({ program: "pebble-ari", profiles });
    {
      await using run = await Run.on(pebble, { profile: "shortlived" });
      const { notBefore, notAfter } = await run.issued(1);
      assert.equal(Math.round((notAfter - notBefore) / DAY), 6);
    }
    await using unknown = await Run.on(pebble, { profile: "nope" });
    await unknown.logged("no certificate was issued", 1);
    assert.match(
      String(unknown.logs.at(-1)?.[1]["reason"]),
      /offers no certificate profile "nope", it offers (default, shortlived|shortlived, default)$/,
    );
  },
});

/** How a source is run in a test. */
interface RunOptions {
  cacheDir?: CacheDirectory;
  clock?: HeldClock;
  profile?: string;
}

/** A certificate source with a held clock and no chance, on a real authority. */
class Run implements AsyncDisposable {
  readonly clock: HeldClock;
  readonly served: CertificatePair[] = [];
  readonly logs: [message: string, fields: Record<string, unknown>][] = [];
  readonly #changed = new Condition();
  readonly #owned: AsyncDisposableStack;
  source!: AcmeSource;
  readonly pebble: Pebble;

  private constructor(pebble: Pebble, clock: HeldClock, owned: AsyncDisposableStack) {
    this.pebble = pebble;
    this.clock = clock;
    this.#owned = owned;
  }

  static async start(pebbleOptions: PebbleOptions): Promise<Run> {
    const owned = new AsyncDisposableStack();
    return await Run.on(owned.use(await Pebble.start(pebbleOptions)), {}, owned);
  }

  static async on(
    pebble: Pebble,
    { cacheDir, clock = new HeldClock(), profile }: RunOptions,
    owned = new AsyncDisposableStack(),
  ): Promise<Run> {
    const run = new Run(pebble, clock, owned);
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
      onDeath: (reason) => run.#log("challenge server died", { reason }),
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
    await this.#changed.until(enough, () => `"${message}", got ${JSON.stringify(this.logs)}`);
  }

  /** Milliseconds until the next try that the last failure announced. */
  untilNextTry(): number {
    const [, fields] = this.logs.findLast(([message]) => message === "no certificate was issued")!;
    return Date.parse(String(fields["next_try"])) - this.clock.now();
  }

  /** Lets the time pass in the steps that the source asks for. */
  async passUntilNextTry(): Promise<void> {
    while (this.untilNextTry() > 0) await this.clock.advance(await this.clock.idle());
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

/** Moves a clock that nobody waits for. */
async function moveTo(clock: HeldClock, milliseconds: number): Promise<void> {
  const nobody = new AbortController();
  const waiting = clock.delay(milliseconds, nobody.signal);
  await clock.advance(milliseconds);
  await waiting;
}
