import assert from "node:assert/strict";
import { FakeClock, settled } from "../../kit/time/fake_clock.ts";
import { CredentialCache, type CredentialFailure } from "../../../src/credentials/cache.ts";
import { CredentialError, type ProvidedCredential } from "../../../src/credentials/provider.ts";
import { failing, StubProvider, UNREACHABLE } from "./providers/stub_provider.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function setUp() {
  const clock = new FakeClock();
  const provider = new StubProvider(clock);
  const tokens: ProvidedCredential[] = [];
  const failures: CredentialFailure[] = [];
  const cache = new CredentialCache(provider, {
    clock,
    random: () => 1,
    onCredential: (token) => tokens.push(token),
    onFailure: (failure) => failures.push(failure),
  });
  const names = () => tokens.map(nameOf);
  return { clock, provider, cache, tokens, failures, names };
}

function nameOf(provided: ProvidedCredential | undefined): string | undefined {
  return provided?.credential.kind === "bearer" ? provided.credential.token : undefined;
}

Deno.test("any number of wishes at once make one request", async () => {
  const { provider, cache, names } = setUp();
  for (let wish = 0; wish < 100; wish++) cache.want();
  await settled();
  cache.want();
  assert.equal(provider.requests.length, 1);
  assert.deepEqual(names(), ["token-1"]);
  assert.equal(nameOf(cache.current), "token-1");
});

Deno.test("a token is renewed at 80 % of its lifetime, and asked past every cache", async () => {
  const { clock, provider, cache, names } = setUp();
  cache.want();
  await clock.advance(48 * MINUTE - SECOND);
  assert.equal(provider.requests.length, 1);
  await clock.advance(2 * SECOND);
  assert.deepEqual(names(), ["token-1", "token-2"]);
  assert.deepEqual(provider.requests.map(({ fresh }) => fresh), [false, true]);
});

Deno.test("a token is renewed when its issuer says so", async () => {
  const { clock, provider, cache } = setUp();
  provider.answer = () => provider.token(3600, { refreshAt: clock.now() + 10 * MINUTE });
  cache.want();
  await clock.advance(11 * MINUTE);
  assert.equal(provider.requests.length, 2);
});

Deno.test("while a renewal hangs, the token that lives stays at hand; the attempt is given up", async () => {
  const { clock, provider, cache, failures } = setUp();
  cache.want();
  await clock.advance(47 * MINUTE);
  provider.answer = () => new Promise<ProvidedCredential>(() => {});
  await clock.advance(2 * MINUTE);
  assert.equal(nameOf(cache.current), "token-1");
  assert.ok(provider.requests.length > 1);
  assert.match(failures[0]?.error.message ?? "", /^stub: no token within 30 s/);
  assert.ok(provider.requests[1]?.signal.aborted);
});

Deno.test("failures back off, from 2 s at most to 5 min, and honour Retry-After", async () => {
  const { clock, provider, cache, failures } = setUp();
  provider.answer = failing(UNREACHABLE);
  cache.want();
  await clock.advance(60 * MINUTE);
  const seconds = failures.map(({ retryInMs }) => retryInMs / SECOND);
  assert.deepEqual(seconds.slice(0, 10), [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
  provider.answer = failing(new CredentialError("unreachable", "later", 700 * SECOND));
  await clock.advance(300 * SECOND);
  assert.equal(failures.at(-1)?.retryInMs, 700 * SECOND);
  assert.equal(cache.retryInMs > 0, true);
});

Deno.test("wishes during a back-off make no request", async () => {
  const { clock, provider, cache } = setUp();
  provider.answer = failing(UNREACHABLE);
  cache.want();
  await clock.advance(SECOND);
  for (let wish = 0; wish < 10; wish++) cache.want();
  await settled();
  assert.equal(provider.requests.length, 1);
  assert.equal(cache.retryInMs, SECOND);
});

Deno.test("a success ends the back-off", async () => {
  const { clock, provider, cache, failures } = setUp();
  provider.answer = failing(UNREACHABLE);
  cache.want();
  await clock.advance(5 * SECOND);
  provider.answer = () => provider.token(3600);
  await clock.advance(2 * SECOND);
  assert.equal(nameOf(cache.current), "token-1");
  provider.answer = failing(UNREACHABLE);
  await clock.advance(48 * MINUTE);
  assert.equal(failures.at(2)?.retryInMs, 2 * SECOND);
});

Deno.test("a renewal that fails is tried again at the latest when the token ends", async () => {
  const { clock, provider, cache } = setUp();
  cache.want();
  await clock.advance(47 * MINUTE);
  provider.answer = failing(UNREACHABLE);
  await clock.advance(13 * MINUTE - 2 * SECOND);
  const before = provider.requests.length;
  provider.answer = () => provider.token(3600);
  await clock.advance(2 * SECOND);
  assert.equal(provider.requests.length, before + 1);
  assert.equal(nameOf(cache.current), "token-2");
});

Deno.test("a machine that slept past the end has no token, and the first wish gets one", async () => {
  const { clock, provider, cache, names } = setUp();
  cache.want();
  await settled();
  clock.jump(2 * 60 * MINUTE);
  assert.equal(cache.current, undefined);
  cache.want();
  await settled();
  assert.deepEqual(names(), ["token-1", "token-2"]);
  assert.equal(provider.requests.length, 2);
});

Deno.test("a token counts as expired a second before its end", async () => {
  const { clock, cache, provider } = setUp();
  cache.want();
  await settled();
  provider.answer = failing(UNREACHABLE);
  clock.jump(3598 * SECOND);
  assert.equal(nameOf(cache.current), "token-1");
  clock.jump(SECOND);
  assert.equal(cache.current, undefined);
});

Deno.test("a clock that jumps ahead is noticed within a minute without any wish", async () => {
  const { clock, cache, names } = setUp();
  cache.want();
  await settled();
  clock.jump(50 * MINUTE);
  await clock.advance(MINUTE);
  assert.deepEqual(names(), ["token-1", "token-2"]);
});

Deno.test("a clock that is set back delays no renewal", async () => {
  const { clock, cache, names } = setUp();
  cache.want();
  await settled();
  clock.jump(-60 * MINUTE);
  assert.equal(nameOf(cache.current), "token-1");
  await clock.advance(49 * MINUTE);
  assert.deepEqual(names(), ["token-1", "token-2"]);
});

Deno.test("a token that came expired is a failure that names the clock", async () => {
  const { provider, cache, failures } = setUp();
  provider.answer = () => provider.token(-1);
  cache.want();
  await settled();
  assert.equal(cache.current, undefined);
  assert.match(failures[0]?.error.message ?? "", /had already expired; check this machine's clock/);
});

Deno.test("a refused token is replaced, at most once a minute", async () => {
  const { clock, provider, cache, names } = setUp();
  cache.want();
  await settled();
  assert.equal(cache.suspect(), true);
  assert.equal(cache.suspect(), true);
  await settled();
  assert.deepEqual(names(), ["token-1", "token-2"]);
  assert.equal(cache.suspect(), false, "too soon");
  await clock.advance(MINUTE);
  assert.equal(cache.suspect(), true);
  await settled();
  assert.equal(provider.requests.length, 3);
});

Deno.test("a provider that can only give the same token confirms it, and is asked near its end", async () => {
  const { clock, provider, cache, tokens } = setUp();
  const same = provider.token(3600);
  provider.answer = () => same;
  cache.want();
  await clock.advance(49 * MINUTE);
  assert.equal(tokens.length, 2);
  assert.equal(tokens[0], tokens[1], "it is another object");
  assert.equal(provider.requests.length, 2);
  await clock.advance(5 * MINUTE);
  assert.equal(provider.requests.length, 2);
  await clock.advance(MINUTE + 10 * SECOND);
  assert.ok(provider.requests.length >= 3 && provider.requests.length <= 6);
});

Deno.test("short-lived tokens are not asked for in a tight loop", async () => {
  const { clock, provider, cache } = setUp();
  provider.answer = () => provider.token(10);
  cache.want();
  await clock.advance(30 * SECOND);
  assert.equal(provider.requests.length, 4);
});

Deno.test("after stop nothing is asked and nothing is reported", async () => {
  const { clock, provider, cache, tokens, failures } = setUp();
  cache.want();
  cache.stop();
  cache.want();
  await clock.advance(60 * MINUTE);
  assert.equal(provider.requests.length, 1);
  assert.deepEqual([tokens, failures], [[], []]);
});

Deno.test("what a provider throws unawares is reported without its words, which may hold a secret", async () => {
  const { provider, cache, failures } = setUp();
  provider.answer = () => {
    throw new RangeError("s3cret");
  };
  cache.want();
  await settled();
  assert.equal(failures[0]?.error.message, "stub: failed unexpectedly (RangeError)");
});

Deno.test("a credential that never ends is at hand at once, and is asked for once", async () => {
  const clock = new FakeClock();
  const credential = { kind: "api_key", key: "k", header: "auto" } as const;
  const given: ProvidedCredential[] = [];
  const cache = new CredentialCache(
    { name: "stub", get: () => ({ credential, expiresAt: Infinity }) },
    { clock, onCredential: (provided) => given.push(provided), onFailure: () => assert.fail() },
  );
  cache.want();
  assert.deepEqual(given, [{ credential, expiresAt: Infinity }]);
  assert.equal(cache.current, given[0]);
  assert.equal(clock.isIdle, true);
  await clock.advance(1_000 * 365 * 24 * 60 * MINUTE);
  assert.equal(cache.current, given[0]);
});
