import assert from "node:assert/strict";
import { FakeClock, settled } from "../../kit/time/fake_clock.ts";
import type { ToCredentialHolder } from "../../../src/credentials/messages.ts";
import { TokenSource } from "../../../src/credentials/source.ts";
import { failing, StubProvider, UNREACHABLE } from "./providers/stub_provider.ts";

const MINUTE = 60_000;

function setUp(arrange: (provider: StubProvider) => void = () => {}) {
  const clock = new FakeClock();
  const provider = new StubProvider(clock);
  arrange(provider);
  const sent: ToCredentialHolder[] = [];
  const source = new TokenSource({ provider, clock, send: (message) => sent.push(message) });
  return { clock, provider, source, sent };
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
