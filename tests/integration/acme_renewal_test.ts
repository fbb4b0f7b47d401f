import assert from "node:assert/strict";
import { CacheDirectory } from "../kit/process/acme_proxy.ts";
import { AcmeRun } from "../kit/process/acme_run.ts";
import { TestAuthority } from "../kit/tls/authority.ts";
import { freePort } from "../kit/process/free_port.ts";
import { FakeClock } from "../kit/time/fake_clock.ts";
import { PEBBLE, Pebble, PEBBLE_ARI } from "../kit/servers/pebble.ts";
import { programTest } from "../kit/process/programs.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

programTest({
  name: "a certificate is renewed at two thirds of its lifetime, by the same account",
  needs: PEBBLE,
  fn: async () => {
    await using run = await AcmeRun.start({ lifetime: 90 * 86_400 });
    const first = await run.issued(1);
    const renewAt = first.notBefore + (first.notAfter - first.notBefore) * 2 / 3;
    await run.clock.leap(renewAt - HOUR - run.clock.now());
    assert.ok(await run.clock.untilSet() <= HOUR);
    assert.equal(run.pebble.orders, 1);
    await run.clock.leap(HOUR);
    const second = await run.issued(2);
    assert.notEqual(second.serial, first.serial);
    assert.deepEqual([run.pebble.orders, run.pebble.registrations], [2, 1]);
  },
});

programTest({
  name: "an authority that has forgotten the account gets it again, and renews",
  needs: PEBBLE,
  fn: async () => {
    await using run = await AcmeRun.start({ lifetime: 90 * 86_400 });
    await run.issued(1);
    await run.pebble.pause();
    await run.pebble.resume();
    await run.clock.leap(61 * DAY);
    await run.issued(2);
    assert.equal(run.pebble.registrations, 1);
  },
});

programTest({
  name: "failed renewals back off from 1 minute to 6 hours, keep the old certificate, then succeed",
  needs: PEBBLE,
  fn: async () => {
    await using run = await AcmeRun.start({ lifetime: 90 * 86_400 });
    const first = await run.issued(1);
    await run.pebble.pause();
    await run.clock.leap(61 * DAY);
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
    const clock = new FakeClock(Date.now());
    await using pebble = await Pebble.start({ lifetime: 90 * 86_400 });
    {
      await using first = await AcmeRun.on(pebble, { cacheDir, clock });
      await first.issued(1);
    }
    await pebble.pause();
    await clock.advance(80 * DAY); // Nobody waits for it.
    for (let start = 1; start <= 5; start++) {
      await using crashing = await AcmeRun.on(pebble, { cacheDir, clock });
      if (start === 1) await crashing.logged("no certificate was issued", 1);
      else assert.ok(await clock.untilSet() > 0);
      assert.equal(crashing.countLogged("ordering a certificate"), start === 1 ? 1 : 0);
    }
  },
});

programTest({
  name: "a renewal that the authority suggests (ARI) comes early and names what it replaces",
  needs: PEBBLE_ARI,
  fn: async () => {
    await using run = await AcmeRun.start({ program: "pebble-ari" });
    const first = await run.issued(1);
    const past = { start: "2020-01-01T00:00:00Z", end: "2020-01-02T00:00:00Z" };
    const explanationURL = "https://example.com/why";
    await run.pebble.setRenewalInfo(first.cert, { suggestedWindow: past, explanationURL });
    await run.clock.leap(HOUR);
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
      await using run = await AcmeRun.on(pebble, { profile: "shortlived" });
      const { notBefore, notAfter } = await run.issued(1);
      assert.equal(Math.round((notAfter - notBefore) / DAY), 6);
    }
    await using unknown = await AcmeRun.on(pebble, { profile: "nope" });
    await unknown.logged("no certificate was issued", 1);
    assert.match(
      String(unknown.logs.at(-1)?.[1]["reason"]),
      /offers no certificate profile "nope", it offers (default, shortlived|shortlived, default)$/,
    );
  },
});

Deno.test("a rate limit is waited out, over a restart and in spite of a reload", async () => {
  using cacheDir = new CacheDirectory();
  const clock = new FakeClock(Date.now());
  const limited = await startRateLimitedAuthority(cacheDir.parent);
  try {
    {
      await using run = await AcmeRun.on(limited, { cacheDir, clock });
      await run.logged("no certificate was issued", 1);
      const until = new Date(clock.now() + 2 * HOUR).toISOString().slice(0, 15);
      const [, { reason, next_try }] = run.logs.at(-1)!;
      assert.match(String(reason), new RegExp(`^rate limited by localhost:\\d+ until ${until}`));
      assert.match(String(next_try), new RegExp(`^${until}`));
      await run.source.reloadCertificates();
      await clock.untilSet();
      assert.equal(run.countLogged("ordering a certificate"), 1);
    }
    await using again = await AcmeRun.on(limited, { cacheDir, clock });
    await clock.untilSet();
    assert.equal(again.countLogged("ordering a certificate"), 0);
    assert.equal(limited.requests, 1);
  } finally {
    await limited.stop();
  }
});

/** Pebble knows no rate limits: this answers as Let's Encrypt does when one is passed. */
async function startRateLimitedAuthority(directory: string) {
  const authority = await TestAuthority.create();
  const caFile = `${directory}/ca.pem`;
  await Deno.writeTextFile(caFile, authority.root);
  const limited = { directoryUrl: "", caFile, challengePort: freePort(), requests: 0 };
  const server = Deno.serve({
    ...await authority.issue({ names: ["localhost"] }),
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => limited.directoryUrl = `https://localhost:${port}/directory`,
  }, () => {
    limited.requests++;
    return Response.json({
      type: "urn:ietf:params:acme:error:rateLimited",
      detail: "Service busy; retry later.",
      status: 429,
    }, { status: 429, headers: { "retry-after": "7200" } });
  });
  return Object.assign(limited, { stop: () => server.shutdown() });
}
