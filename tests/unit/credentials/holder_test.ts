import assert from "node:assert/strict";
import { Refusal } from "../../../src/proxy/answers.ts";
import { CredentialHolder } from "../../../src/credentials/holder.ts";
import type { FromCredentialHolder, IssuedCredential } from "../../../src/credentials/messages.ts";

const HOUR = 3_600_000;

function bearer(id: number, expiresAt = HOUR): IssuedCredential {
  return { id, credential: { kind: "bearer", token: `token-${id}` }, expiresAt };
}

function setUp(issued?: IssuedCredential, timeoutMs = 10_000) {
  const time = { now: 0 };
  const posted: FromCredentialHolder[] = [];
  const holder = new CredentialHolder({
    issued,
    timeoutMs,
    post: (message) => posted.push(message),
    now: () => time.now,
  });
  return { holder, posted, time };
}

/** The `Retry-After` of the 503 that a promise ends with. */
async function retryAfter(promise: unknown): Promise<string | undefined> {
  const error = await Promise.resolve(promise).then(() => undefined, (error) => error);
  assert.ok(error instanceof Refusal);
  assert.equal(error.answer.code, "upstream_auth_unavailable");
  return error.answer.headers?.["retry-after"];
}

Deno.test("a credential at hand is there at once, without a promise or a message", () => {
  const issued = bearer(1);
  const { holder, posted } = setUp(issued);
  assert.equal(holder.credential(), issued.credential);
  assert.equal(holder.isAtHand, true);
  assert.deepEqual(posted, []);
});

Deno.test("expiry is judged by the wall clock at each use", () => {
  const { holder, time } = setUp(bearer(1));
  time.now = HOUR - 1;
  assert.ok(!(holder.credential() instanceof Promise));
  time.now = HOUR;
  assert.equal(holder.isAtHand, false);
  holder.receive({ type: "credential", issued: bearer(2, 2 * HOUR) });
  assert.ok(!(holder.credential() instanceof Promise));
});

Deno.test("all who wait without one are served by one wish", async () => {
  const { holder, posted } = setUp();
  const waiting = Array.from({ length: 50 }, () => holder.credential());
  assert.deepEqual(posted, [{ type: "credential_wanted" }]);
  const issued = bearer(1);
  holder.receive({ type: "credential", issued });
  for (const credential of await Promise.all(waiting)) assert.equal(credential, issued.credential);
});

Deno.test("who cannot wait for the next attempt is told at once when that will be", async () => {
  const { holder } = setUp(undefined, 10_000);
  const waiting = holder.credential();
  holder.receive({ type: "credential_unavailable", retryInMs: 42_001 });
  assert.equal(await retryAfter(waiting), "43");
});

Deno.test("who can wait for the next attempt does", async () => {
  const { holder } = setUp(undefined, 10_000);
  const waiting = holder.credential();
  holder.receive({ type: "credential_unavailable", retryInMs: 2_000 });
  holder.receive({ type: "credential", issued: bearer(1) });
  assert.deepEqual(await waiting, { kind: "bearer", token: "token-1" });
});

Deno.test("patience ends after the time it was given", async () => {
  const { holder } = setUp(undefined, 20);
  assert.equal(await retryAfter(holder.credential()), "5");
});

Deno.test("after a 401 the next request gets the replacement", async () => {
  const first = bearer(1);
  const { holder, posted } = setUp(first);
  holder.refused(first.credential, 401);
  assert.deepEqual(posted, [{ type: "credential_refused", id: 1, status: 401 }]);
  const waiting = holder.credential();
  assert.ok(waiting instanceof Promise);
  const second = bearer(2);
  holder.receive({ type: "credential", issued: second });
  assert.equal(await waiting, second.credential);
  assert.equal(holder.credential(), second.credential);
});

Deno.test("a credential that is confirmed after a 401 is used on", async () => {
  const first = bearer(1);
  const { holder } = setUp(first);
  holder.refused(first.credential, 401);
  const waiting = holder.credential();
  holder.receive({ type: "credential", issued: bearer(1) });
  assert.equal(await waiting, first.credential);
  assert.equal(holder.credential(), first.credential);
});

Deno.test("where no replacement comes, the credential that still lives is used", async () => {
  const first = bearer(1);
  const { holder } = setUp(first, 20);
  holder.receive({ type: "credential_suspect", id: 1 });
  assert.equal(await holder.credential(), first.credential);
});

Deno.test("a 403, an old credential's 401 and an API key's change nothing", () => {
  const first = bearer(1);
  const { holder, posted } = setUp(first);
  holder.refused(first.credential, 403);
  assert.equal(holder.credential(), first.credential);
  holder.receive({ type: "credential", issued: bearer(2) });
  holder.refused(first.credential, 401);
  assert.ok(!(holder.credential() instanceof Promise));
  assert.deepEqual(posted, [{ type: "credential_refused", id: 1, status: 403 }]);

  const key: IssuedCredential = {
    id: 1,
    credential: { kind: "api_key", key: "k", header: "auto" },
    expiresAt: Infinity,
  };
  const fixed = setUp(key);
  fixed.holder.refused(key.credential, 401);
  assert.equal(fixed.holder.credential(), key.credential);
  assert.deepEqual(fixed.posted, []);
});
