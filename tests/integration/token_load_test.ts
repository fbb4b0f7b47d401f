import assert from "node:assert/strict";
import { BearerUpstream } from "../kit/servers/bearer_upstream.ts";
import { FakeEntra } from "../kit/servers/fake_entra.ts";
import { applicationFlags, call, startAzureProxy } from "./azure_proxy.ts";

function start(entra: FakeEntra, upstream: BearerUpstream, ...args: string[]) {
  return startAzureProxy({
    type: "azure_ad",
    upstreamUrl: upstream.url,
    args: [...applicationFlags(entra.url), ...args],
    env: entra.env,
  });
}

function isAlive({ given }: FakeEntra, bearer: string): boolean {
  return given.some(({ token, expiresAt }) => token === bearer && expiresAt > Date.now());
}

Deno.test("200 concurrent first requests make exactly one token request, and all are answered", async () => {
  await using entra = await FakeEntra.start();
  const allAreSent = Promise.withResolvers<void>();
  entra.answer = () => allAreSent.promise.then(() => entra.giveToken());
  await using upstream = new BearerUpstream((bearer) => bearer === "token-1");
  await using proxy = await start(entra, upstream);
  const calls = Array.from({ length: 200 }, () => call(proxy));
  await entra.seen(1);
  // A request without a key needs no token: its answer shows that those before it are underway.
  await fetch(proxy.url, { method: "POST", body: "{}" }).then((response) =>
    response.body?.cancel()
  );
  allAreSent.resolve();
  const statuses = (await Promise.all(calls)).map(({ status }) => status);
  assert.deepEqual(statuses, Array(200).fill(200));
  assert.equal(entra.requests.length, 1);
});

Deno.test("a token that expires under 50 requests a second fails none, for three lifetimes", async () => {
  await using entra = await FakeEntra.start();
  entra.lifetime = 5;
  await using upstream = new BearerUpstream((bearer) => isAlive(entra, bearer));
  await using proxy = await start(entra, upstream);
  const started = performance.now();
  const statuses = await callsAtRate(50, 3 * entra.lifetime, () => call(proxy));
  const took = (performance.now() - started) / 1000; // 15 s, or more on a busy machine.
  assert.equal(statuses.length, 750);
  assert.deepEqual(statuses.filter((status) => status !== 200), []);
  assert.deepEqual(upstream.calls.filter(({ status }) => status !== 200), []);
  // Renewed at 80 %: at 0, 4, 8 and 12 s.
  const expected = 1 + Math.floor(took / (0.8 * entra.lifetime));
  assert.ok(
    Math.abs(entra.requests.length - expected) <= 1,
    `${entra.requests.length} in ${took} s`,
  );
});

Deno.test("an authority that hangs or fails delays nobody while a token lives", async () => {
  await using entra = await FakeEntra.start();
  entra.lifetime = 60; // Long enough for what is below, on any machine.
  entra.refreshIn = 3;
  await using upstream = new BearerUpstream((bearer) => isAlive(entra, bearer));
  await using proxy = await start(entra, upstream);
  assert.equal((await call(proxy)).status, 200);
  const never = Promise.withResolvers<Response>();
  entra.answer = () => never.promise;
  await entra.seen(2); // The renewal, which hangs.
  try {
    const started = performance.now();
    for (let sent = 0; sent < 20; sent++) assert.equal((await call(proxy)).status, 200);
    const took = performance.now() - started;
    assert.ok(took < 1_000, `20 requests took ${took} ms`);
  } finally {
    never.resolve(new Response(null, { status: 500 })); // Else nothing ends.
  }
  entra.refreshIn = undefined;
  entra.answer = () => entra.giveToken();
  await entra.seen(3);
  await proxy.waitForLine(/upstream token not renewed, the old one still lives/);
  // The old one, until a worker hears of the new one; at the old one's end this would fail.
  while (upstream.calls.at(-1)?.authorization !== "Bearer token-2") {
    assert.equal((await call(proxy)).status, 200);
  }
});

Deno.test("a token the upstream refuses is replaced for the next request, once a minute", async () => {
  await using entra = await FakeEntra.start();
  let revoked = "token-1";
  await using upstream = new BearerUpstream((bearer) => bearer !== revoked);
  await using proxy = await start(entra, upstream, "--workers", "1");
  const refused = await call(proxy);
  assert.equal(refused.status, 401);
  assert.equal(refused.text, '{"error":{"message":"Access denied due to invalid token"}}');
  assert.equal((await call(proxy)).status, 200);
  assert.equal(upstream.calls[1]?.authorization, "Bearer token-2");
  assert.equal(entra.requests.length, 2);
  revoked = "token-2";
  for (let sent = 0; sent < 5; sent++) assert.equal((await call(proxy)).status, 401);
  assert.equal(entra.requests.length, 2);
  await proxy.waitForLine(/assign Azure AI User or Cognitive Services User/);
});

Deno.test("a refused token that cannot be replaced is used on, so the upstream's answer gets through", async () => {
  await using entra = await FakeEntra.start();
  await using upstream = new BearerUpstream(() => false);
  await using proxy = await start(entra, upstream, "--workers", "1");
  assert.equal((await call(proxy)).status, 401);
  entra.answer = () => new Response(null, { status: 500 });
  assert.equal((await call(proxy)).status, 401);
  assert.equal(upstream.calls.length, 2);
});

Deno.test("a 403 passes through untouched and replaces nothing; the log hints at the role", async () => {
  await using entra = await FakeEntra.start();
  await using upstream = new BearerUpstream(() => false);
  upstream.refusal = 403;
  await using proxy = await start(entra, upstream);
  const { status, text } = await call(proxy);
  assert.equal(status, 403);
  assert.equal(text, '{"error":{"message":"Access denied due to invalid token"}}');
  await proxy.waitForLine(/assign Azure AI User or Cognitive Services User.*status=403/);
  assert.equal((await call(proxy)).status, 403);
  assert.equal(entra.requests.length, 1);
});

/** Starts a call every `1 / rate` seconds for some seconds; resolves with their statuses. */
async function callsAtRate(
  rate: number,
  seconds: number,
  send: () => Promise<{ status: number }>,
): Promise<number[]> {
  const calls: Promise<number>[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    calls.push(send().then(({ status }) => status));
    if (calls.length === rate * seconds) resolve();
  }, 1000 / rate);
  await promise;
  clearInterval(timer);
  return await Promise.all(calls);
}
