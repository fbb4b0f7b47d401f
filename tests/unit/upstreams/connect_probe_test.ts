import assert from "node:assert/strict";
import { ConnectProbe, type ConnectProbeOptions } from "../../../src/upstreams/connect_probe.ts";
import { FakeClock } from "../../kit/time/fake_clock.ts";

const CONNECTION = { close() {} } as Deno.Conn;
const REFUSED = Object.assign(new Error("Connection refused (os error 111)"), {
  code: "ECONNREFUSED",
});

/** A probe with connections that the test makes, or not, and a clock that it turns. */
function probing(options: Partial<ConnectProbeOptions> = {}) {
  const clock = new FakeClock();
  const tries: PromiseWithResolvers<Deno.Conn>[] = [];
  const connect = (signal: AbortSignal) => {
    const attempt = Promise.withResolvers<Deno.Conn>();
    signal.addEventListener("abort", () => attempt.reject(signal.reason));
    tries.push(attempt);
    return attempt.promise;
  };
  const probe = new ConnectProbe({ connect, limitMs: 10_000, isWayKnown: true, clock, ...options });
  return { clock, tries, probe };
}

Deno.test("one connection tells all who wait at that time, and is closed at once", async () => {
  const { probe, tries } = probing();
  const waiting = Array.from({ length: 1_000 }, () => probe.failure(-10_000));
  assert.equal(tries.length, 1);
  let closed = 0;
  tries[0]?.resolve({ close: () => closed++ } as unknown as Deno.Conn);
  assert.deepEqual(new Set(await Promise.all(waiting)), new Set([undefined]));
  assert.equal(closed, 1);
});

Deno.test("there is no connection: refused, or not within the limit", async () => {
  const { clock, probe, tries } = probing();
  const refused = probe.failure(0);
  tries[0]?.reject(REFUSED);
  assert.equal(await refused, "no connection: Error: Connection refused (os error 111)");
  await clock.advance(1_000);
  const silent = probe.failure(0);
  await clock.advance(9_999);
  assert.equal(tries.length, 2);
  await clock.advance(1);
  assert.equal(await silent, "no connection within upstream_connect_timeout");
  assert.ok(clock.isIdle);
});

Deno.test("a failure is good for a second, and then there is another connection", async () => {
  const { clock, probe, tries } = probing();
  const first = probe.failure(0);
  tries[0]?.reject(REFUSED);
  await first;
  await clock.advance(999);
  assert.match(await probe.failure(0) ?? "", /refused/);
  assert.equal(tries.length, 1);
  await clock.advance(1);
  const second = probe.failure(0);
  assert.equal(tries.length, 2);
  tries[1]?.resolve(CONNECTION);
  assert.equal(await second, undefined);
});

Deno.test("a connection is proof for every wait that began before it", async () => {
  const { clock, probe, tries } = probing();
  await clock.advance(10_000);
  const first = probe.failure(0);
  tries[0]?.resolve(CONNECTION);
  await first;
  await clock.advance(9_000);
  assert.equal(await probe.failure(10_000), undefined);
  assert.equal(tries.length, 1);
  void probe.failure(10_001);
  assert.equal(tries.length, 2);
});

for (
  const [what, error] of Object.entries({
    "files to open": Object.assign(new Error("Too many open files"), { code: "EMFILE" }),
    "permission": new Deno.errors.NotCapable("Requires net access"),
    "the name's address": new Error("failed to lookup address information"),
    "a way through the forward proxy": new Error('answered CONNECT with "HTTP/1.1 403 Forbidden"'),
  })
) {
  Deno.test(`want of ${what} tells nothing of the upstream, nor is it proof`, async () => {
    const { clock, probe, tries } = probing();
    const first = probe.failure(-10_000);
    tries[0]?.reject(error);
    assert.equal(await first, undefined);
    await clock.advance(1_000);
    void probe.failure(-10_000);
    assert.equal(tries.length, 2);
  });
}

Deno.test("on a way that nobody knows a failure tells, until an answer comes", async () => {
  const { clock, probe, tries } = probing({ isWayKnown: false });
  const before = probe.failure(0);
  tries[0]?.reject(REFUSED);
  assert.match(await before ?? "", /refused/);
  await clock.advance(1_000);
  probe.answered();
  const after = probe.failure(0);
  tries[1]?.reject(REFUSED);
  assert.equal(await after, undefined, "requests take another way");
});

Deno.test("on a way that nobody knows one connection after the first answer finds out about it", async () => {
  const { clock, probe, tries } = probing({ isWayKnown: false });
  probe.answered();
  probe.answered();
  await clock.advance(9_999);
  assert.equal(tries.length, 0);
  await clock.advance(1);
  tries[0]?.resolve(CONNECTION);
  await clock.advance(60_000);
  probe.answered();
  assert.equal(tries.length, 1);
  const failure = probe.failure(60_000);
  tries[1]?.reject(REFUSED);
  assert.match(await failure ?? "", /refused/);
});

Deno.test("on a way that is known answers cost no connection", () => {
  const { clock, probe } = probing();
  probe.answered();
  assert.ok(clock.isIdle);
});
