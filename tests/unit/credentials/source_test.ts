import assert from "node:assert/strict";
import { FakeClock, settled } from "../../kit/time/fake_clock.ts";
import type { UpstreamAuthSettings } from "../../../src/config/schema/settings.ts";
import type { ToCredentialHolder } from "../../../src/credentials/messages.ts";
import type { CredentialProvider } from "../../../src/credentials/provider.ts";
import { createProvider } from "../../../src/credentials/providers/registry.ts";
import { CredentialSource } from "../../../src/credentials/source.ts";
import { type LogRecord, sendRecordsTo } from "../../../src/logging/logger.ts";
import { failing, StubProvider, UNREACHABLE } from "./providers/stub_provider.ts";

const MINUTE = 60_000;
const FIRST: UpstreamAuthSettings = { type: "azure_cli", scope: "first", token_timeout: 15 };
const SECOND: UpstreamAuthSettings = { type: "azure_cli", scope: "second", token_timeout: 15 };
const KEY: UpstreamAuthSettings = { type: "api_key", api_key: "k", header: "auto" };

function setUp(arrange: (provider: StubProvider) => void = () => {}) {
  const clock = new FakeClock();
  const provider = new StubProvider(clock);
  const second = new StubProvider(clock, "second");
  arrange(provider);
  const sent: ToCredentialHolder[] = [];
  const heard: string[] = [];
  const create = (auth: UpstreamAuthSettings): CredentialProvider => {
    if (auth.type === "api_key") return createProvider(auth);
    return auth === FIRST ? provider : second;
  };
  const source = new CredentialSource({
    auth: FIRST,
    create,
    send: (message) => sent.push(message),
    watch: { acquired: (token) => heard.push(token), failed: () => heard.push("failed") },
    clock,
  });
  source.start();
  return { clock, provider, second, source, sent, heard };
}

/** Messages in short: their type, with the id of a credential. */
function short(messages: readonly ToCredentialHolder[]): string[] {
  return messages.map((message) => {
    if (message.type === "credential") return `credential ${message.issued.id}`;
    return message.type === "credential_suspect" ? `suspect ${message.id}` : "unavailable";
  });
}

Deno.test("the first token is fetched at the start and pushed, and so is each that follows", async () => {
  const { clock, source, sent } = setUp();
  const current = () => source.current?.credential;
  assert.equal(current(), undefined);
  await settled();
  assert.deepEqual(current(), { kind: "bearer", token: "token-1" });
  await clock.advance(49 * MINUTE);
  assert.deepEqual(short(sent), ["credential 1", "credential 2"]);
});

Deno.test("who wants one gets what there is, or the time of the next attempt", async () => {
  const { source, provider, sent } = setUp((provider) => {
    provider.answer = failing(UNREACHABLE);
  });
  await settled();
  source.receive({ type: "credential_wanted" });
  assert.deepEqual(short(sent), ["unavailable", "unavailable"]);
  assert.equal(provider.requests.length, 1);

  const well = setUp();
  await settled();
  well.source.receive({ type: "credential_wanted" });
  assert.deepEqual(short(well.sent), ["credential 1", "credential 1"]);
});

Deno.test("a 401 makes the token suspect everywhere until the next is there", async () => {
  const { source, sent } = setUp();
  await settled();
  source.receive({ type: "credential_refused", id: 1, status: 401 });
  await settled();
  assert.deepEqual(short(sent), ["credential 1", "suspect 1", "credential 2"]);
  source.receive({ type: "credential_refused", id: 2, status: 401 });
  assert.deepEqual(short(sent).slice(3), ["credential 2"]);
});

Deno.test("a token that cannot be replaced is given back", async () => {
  const { source, provider, sent } = setUp();
  await settled();
  provider.answer = failing(UNREACHABLE);
  source.receive({ type: "credential_refused", id: 1, status: 401 });
  await settled();
  assert.deepEqual(short(sent), ["credential 1", "suspect 1", "credential 1"]);
});

Deno.test("a 403 replaces nothing", async () => {
  const { source, provider, sent } = setUp();
  await settled();
  source.receive({ type: "credential_refused", id: 1, status: 403 });
  await settled();
  assert.equal(provider.requests.length, 1);
  assert.deepEqual(short(sent), ["credential 1"]);
});

Deno.test("a refusal of a credential before the one at hand brings that one, and replaces nothing", async () => {
  const { clock, source, provider, sent } = setUp();
  await clock.advance(49 * MINUTE);
  source.receive({ type: "credential_refused", id: 1, status: 401 });
  await settled();
  assert.deepEqual(short(sent), ["credential 1", "credential 2", "credential 2"]);
  assert.equal(provider.requests.length, 2);
});

Deno.test("settings are exchanged: numbers go on, and until there is a credential nothing is taken away", async () => {
  const { source, second, sent, heard } = setUp();
  await settled();
  const answer = Promise.withResolvers<void>();
  second.answer = async () => {
    await answer.promise;
    return second.token(3600);
  };
  const currentId = () => source.current?.id;
  source.change(SECOND);
  await settled();
  assert.equal(currentId(), undefined);
  assert.deepEqual(short(sent), ["credential 1"]);
  answer.resolve();
  await settled();
  assert.deepEqual(short(sent), ["credential 1", "credential 2"]);
  assert.equal(currentId(), 2);
  assert.deepEqual(heard, ["token-1", "token-1"]);
});

Deno.test("with the same settings as before nothing happens", async () => {
  const { source, provider, sent } = setUp();
  await settled();
  source.change({ ...FIRST });
  await settled();
  assert.equal(provider.requests.length, 1);
  assert.deepEqual(short(sent), ["credential 1"]);
});

Deno.test("what is late of the settings before is ignored", async () => {
  const { clock, source, provider, second, sent, heard } = setUp();
  await settled();
  const late = Promise.withResolvers<void>();
  provider.answer = async () => {
    await late.promise;
    return provider.token(3600);
  };
  source.receive({ type: "credential_refused", id: 1, status: 401 });
  source.change(SECOND);
  await settled();
  late.resolve();
  source.receive({ type: "credential_refused", id: 1, status: 401 });
  await settled();
  assert.deepEqual(short(sent), ["credential 1", "suspect 1", "credential 2", "credential 2"]);
  assert.deepEqual(heard, ["token-1", "token-1"]);
  assert.equal(second.requests.length, 1);
  await clock.advance(49 * MINUTE);
  assert.equal(provider.requests.length, 2, "the provider before is still asked");
});

Deno.test("an API key is at hand at once, for good, and nobody is told of it", async () => {
  const { clock, source, sent, heard } = setUp();
  await settled();
  source.change(KEY);
  const credential = { kind: "api_key", key: "k", header: "auto" } as const;
  assert.deepEqual(source.current, { id: 2, credential, expiresAt: Infinity });
  assert.deepEqual(short(sent), ["credential 1", "credential 2"]);
  assert.deepEqual(heard, ["token-1"]);
  assert.equal(clock.isIdle, true);
});

Deno.test("a refused API key is told of once a minute, and is not taken away", async () => {
  const told: LogRecord[] = [];
  sendRecordsTo((record) => told.push(record));
  try {
    const { clock, source, sent } = setUp();
    source.change(KEY);
    const id = source.current!.id;
    sent.length = 0;
    const refused = () => source.receive({ type: "credential_refused", id, status: 401 });
    refused();
    refused();
    await clock.advance(60_001);
    refused();
    assert.deepEqual(sent, []);
    assert.deepEqual(told.map(({ level, message }) => [level, message.split(":")[0]]), [
      ["warn", "the upstream refused our API key"],
      ["warn", "the upstream refused our API key"],
    ]);
  } finally {
    sendRecordsTo(undefined);
  }
});

Deno.test("after stop nothing is sent", async () => {
  const { clock, source, sent } = setUp();
  source.stop();
  await clock.advance(60 * MINUTE);
  assert.deepEqual(sent, []);
});

Deno.test("its state says whether there is a credential, and why not, until an attempt succeeds", async () => {
  const { clock, source, provider } = setUp((provider) => {
    provider.answer = failing(UNREACHABLE);
  });
  const before = source.state;
  assert.deepEqual(before, { isAtHand: false, failure: undefined });
  await settled();
  const { isAtHand, failure } = source.state;
  assert.deepEqual([isAtHand, failure?.reason], [false, UNREACHABLE.message]);
  assert.ok(failure!.retryInMs >= 1_000);
  provider.answer = () => provider.token(3600);
  await clock.advance(MINUTE);
  assert.deepEqual(source.state, { isAtHand: true, failure: undefined });
});
