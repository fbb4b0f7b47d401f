import assert from "node:assert/strict";
import { FakeClock } from "../../kit/time/fake_clock.ts";
import { CredentialHolder, CredentialUnavailable } from "../../../src/credentials/holder.ts";
import type { FromCredentialHolder, IssuedCredential } from "../../../src/credentials/messages.ts";

const HOUR = 3_600_000;

function bearer(id: number, expiresAt = HOUR): IssuedCredential {
  return { id, credential: { kind: "bearer", token: `token-${id}` }, expiresAt };
}

function setUp(issued?: IssuedCredential, timeoutMs = 10_000) {
  const clock = new FakeClock(0);
  const posted: FromCredentialHolder[] = [];
  const holder = new CredentialHolder({
    issued,
    timeoutMs,
    post: (message) => posted.push(message),
    clock,
  });
  return { holder, posted, clock };
}

/** The seconds that the refusal names with which a promise ends. */
async function retryAfter(promise: unknown): Promise<number> {
  const error = await Promise.resolve(promise).then(() => undefined, (error) => error);
  assert.ok(error instanceof CredentialUnavailable);
  return error.retryAfter;
}

Deno.test("a credential at hand is there at once, without a promise or a message", () => {
  const issued = bearer(1);
  const { holder, posted } = setUp(issued);
  assert.equal(holder.get(), issued.credential);
  assert.equal(holder.isAtHand, true);
  assert.deepEqual(posted, []);
});

Deno.test("expiry is judged by the wall clock at each use", async () => {
  const { holder, clock } = setUp(bearer(1));
  await clock.advance(HOUR - 1);
  assert.ok(!(holder.get() instanceof Promise));
  clock.jump(1);
  assert.equal(holder.isAtHand, false);
  holder.receive({ type: "credential", issued: bearer(2, 2 * HOUR) });
  assert.ok(!(holder.get() instanceof Promise));
});

Deno.test("all who wait without one are served by one wish", async () => {
  const { holder, posted } = setUp();
  const waiting = Array.from({ length: 50 }, () => holder.get());
  assert.deepEqual(posted, [{ type: "credential_wanted" }]);
  const issued = bearer(1);
  holder.receive({ type: "credential", issued });
  for (const credential of await Promise.all(waiting)) assert.equal(credential, issued.credential);
});

Deno.test("who cannot wait for the next attempt is told at once when that will be", async () => {
  const { holder } = setUp(undefined, 10_000);
  const waiting = holder.get();
  holder.receive({ type: "credential_unavailable", retryInMs: 42_001 });
  assert.equal(await retryAfter(waiting), 43);
});

Deno.test("who can wait for the next attempt does", async () => {
  const { holder } = setUp(undefined, 10_000);
  const waiting = holder.get();
  holder.receive({ type: "credential_unavailable", retryInMs: 2_000 });
  holder.receive({ type: "credential", issued: bearer(1) });
  assert.deepEqual(await waiting, { kind: "bearer", token: "token-1" });
});

Deno.test("patience ends after the time it was given", async () => {
  const { holder, clock } = setUp(undefined, 20_000);
  const waiting = retryAfter(holder.get());
  await clock.advance(19_999);
  assert.equal(clock.isIdle, false);
  await clock.advance(1);
  assert.equal(await waiting, 5);
});

Deno.test("after a 401 the next request gets the replacement", async () => {
  const first = bearer(1);
  const { holder, posted } = setUp(first);
  holder.refused(first.credential, 401);
  assert.deepEqual(posted, [{ type: "credential_refused", id: 1, status: 401 }]);
  const waiting = holder.get();
  assert.ok(waiting instanceof Promise);
  const second = bearer(2);
  holder.receive({ type: "credential", issued: second });
  assert.equal(await waiting, second.credential);
  assert.equal(holder.get(), second.credential);
});

Deno.test("a credential that is confirmed after a 401 is used on", async () => {
  const first = bearer(1);
  const { holder } = setUp(first);
  holder.refused(first.credential, 401);
  const waiting = holder.get();
  holder.receive({ type: "credential", issued: bearer(1) });
  assert.equal(await waiting, first.credential);
  assert.equal(holder.get(), first.credential);
});

Deno.test("where no replacement comes, the credential that still lives is used", async () => {
  const first = bearer(1);
  const { holder, clock } = setUp(first, 20_000);
  holder.receive({ type: "credential_suspect", id: 1 });
  const waiting = holder.get();
  await clock.advance(5_000);
  assert.equal(clock.isIdle, true);
  assert.equal(await waiting, first.credential);
});

Deno.test("a 403, an old credential's 401 and an API key's change nothing, and are told where they are news", () => {
  const first = bearer(1);
  const { holder, posted } = setUp(first);
  holder.refused(first.credential, 403);
  assert.equal(holder.get(), first.credential);
  holder.receive({ type: "credential", issued: bearer(2) });
  holder.refused(first.credential, 401);
  assert.ok(!(holder.get() instanceof Promise));
  assert.deepEqual(posted, [{ type: "credential_refused", id: 1, status: 403 }]);

  const key: IssuedCredential = {
    id: 1,
    credential: { kind: "api_key", key: "k", header: "auto" },
    expiresAt: Infinity,
  };
  const fixed = setUp(key);
  fixed.holder.refused(key.credential, 401);
  assert.equal(fixed.holder.get(), key.credential);
  assert.deepEqual(fixed.posted, [{ type: "credential_refused", id: 1, status: 401 }]);
});
