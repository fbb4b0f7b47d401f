import assert from "node:assert/strict";
import { FakeClock } from "../../../kit/time/fake_clock.ts";
import { ChainProvider } from "../../../../src/credentials/providers/chain.ts";
import { CredentialError, type ProvidedCredential } from "../../../../src/credentials/provider.ts";
import { failing, StubProvider } from "./stub_provider.ts";

const request = { signal: new AbortController().signal, fresh: false };
const unavailable = failing(new CredentialError("unavailable", "first: not here"));

function setUp() {
  const clock = new FakeClock();
  const [first, second] = [new StubProvider(clock, "first"), new StubProvider(clock, "second")];
  return { first, second, chain: new ChainProvider([first, second]) };
}

Deno.test("the first that is available wins, and is the only one asked from then on", async () => {
  const { first, second, chain } = setUp();
  first.answer = unavailable;
  assert.equal(chain.name, "chain");
  await chain.get(request);
  assert.equal(chain.name, "chain: second");
  first.answer = () => first.token(60);
  await chain.get(request);
  assert.deepEqual([first.requests.length, second.requests.length], [1, 2]);
});

for (const trouble of ["denied", "unreachable"] as const) {
  Deno.test(`a member that is ${trouble} ends the search with its own error`, async () => {
    const { first, second, chain } = setUp();
    const error = new CredentialError(trouble, "first: mend me");
    first.answer = failing(error);
    await assert.rejects(chain.get(request), error);
    assert.equal(second.requests.length, 0);
  });
}

Deno.test("the one that won is not left for another when it fails later", async () => {
  const { first, second, chain } = setUp();
  await chain.get(request);
  first.answer = unavailable;
  await assert.rejects(chain.get(request), /first: not here/);
  assert.equal(second.requests.length, 0);
});

Deno.test("one that hangs is named", async () => {
  const { first, second, chain } = setUp();
  first.answer = unavailable;
  const { promise, resolve } = Promise.withResolvers<ProvidedCredential>();
  second.answer = () => promise;
  const asked = chain.get(request);
  await Promise.resolve();
  assert.equal(chain.name, "chain: second");
  resolve(second.token(60));
  await asked;
});

Deno.test("where none is available, every reason is told", async () => {
  const { first, second, chain } = setUp();
  first.answer = unavailable;
  second.answer = failing(new CredentialError("unavailable", "second: neither"));
  await assert.rejects(chain.get(request), {
    trouble: "unavailable",
    message: "None of the chain is available: first: not here | second: neither",
  });
});
