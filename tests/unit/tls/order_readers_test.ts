import assert from "node:assert/strict";
import { OrderError } from "../../../src/tls/acme/order_error.ts";
import { orderReaders, readOutcome } from "../../../src/tls/acme/order_readers.ts";

const CHALLENGE = { token: "token", keyAuthorization: "token.thumbprint" };

Deno.test("what an order worker tells of an account and of challenges is taken", () => {
  const readers = orderReaders();
  assert.equal(readers.account("https://ca.example/acct/1"), "https://ca.example/acct/1");
  for (let name = 0; name < 100; name++) {
    assert.deepEqual(readers.publish({ ...CHALLENGE, more: 1 }), CHALLENGE);
  }
});

Deno.test("more than any order needs is refused, each order by itself", () => {
  const readers = orderReaders();
  const flood = () => {
    for (let count = 0; count < 1_000; count++) readers.account("https://ca.example/acct/1");
  };
  assert.throws(flood, /TypeError: expected fewer messages/);
  assert.deepEqual(orderReaders().publish(CHALLENGE), CHALLENGE);
});

const refused: [what: string, read: () => unknown][] = [
  ["a long URL", () => orderReaders().account("x".repeat(4_097))],
  ["no URL", () => orderReaders().account(null)],
  ["a long token", () => orderReaders().publish({ ...CHALLENGE, token: "x".repeat(4_097) })],
  ["a challenge without a token", () => orderReaders().publish({ keyAuthorization: "x" })],
  ["no challenge", () => orderReaders().publish("token")],
  ["no outcome", () => readOutcome(undefined)],
  ["an outcome of nothing", () => readOutcome({})],
  ["a certificate without a key", () => readOutcome({ issued: { cert: "x" } })],
  ["a certificate without end", () => {
    return readOutcome({ issued: { cert: "x".repeat(2 ** 20 + 1), key: "x" } });
  }],
  ["a failure for no reason", () => readOutcome({ failure: {} })],
  ["a wait that is none", () => readOutcome({ failure: { reason: "x", retryAfterMs: -1 } })],
  ["a wait without end", () => readOutcome({ failure: { reason: "x", retryAfterMs: Infinity } })],
];

for (const [what, read] of refused) {
  Deno.test(`of an order worker, ${what} is refused`, () => {
    assert.throws(read, TypeError);
  });
}

Deno.test("a failure's words are cut, and its wait ends within a month: later dates cannot be written", () => {
  const failure = { reason: "x".repeat(10_000), retryAfterMs: 1e300 };
  assert.throws(() => readOutcome({ failure }), (error) => {
    assert.ok(error instanceof OrderError);
    assert.equal(error.failure.reason.length, 2_048);
    const { retryAfterMs = 0 } = error.failure;
    assert.equal(
      new Date(Date.UTC(2026, 0, 1) + retryAfterMs).toISOString().slice(0, 10),
      "2026-01-31",
    );
    return true;
  });
});
