import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { constants, createHash, verify, X509Certificate } from "node:crypto";
import { BearerUpstream } from "../kit/servers/bearer_upstream.ts";
import { makeClientCertificate } from "../kit/tls/client_certificate.ts";
import { FakeEntra } from "../kit/servers/fake_entra.ts";
import { request } from "../kit/http1/raw_client.ts";
import {
  APPLICATION,
  applicationFlags,
  call,
  SECRET,
  startAzureProxy,
  TENANT,
} from "./azure_proxy.ts";

Deno.test("a client secret brings a token that the upstream sees as bearer", async () => {
  await using entra = await FakeEntra.start();
  await using upstream = new BearerUpstream((bearer) => bearer === entra.current);
  await using proxy = await startAzureProxy({
    type: "azure_ad",
    upstreamUrl: upstream.url,
    args: applicationFlags(entra.url),
    env: entra.env,
  });
  assert.equal((await call(proxy)).status, 200);
  assert.equal(upstream.calls[0]?.authorization, "Bearer token-1");
  const [seen] = entra.requests;
  assert.equal(seen?.tenant, TENANT);
  assert.equal(seen?.form["grant_type"], "client_credentials");
  assert.equal(seen?.form["client_id"], APPLICATION);
  assert.equal(seen?.form["client_secret"], SECRET);
  assert.equal(seen?.form["scope"], "https://ai.azure.com/.default");
});

Deno.test("a client certificate signs an assertion that Entra can verify", async () => {
  await using entra = await FakeEntra.start();
  await using certificate = await makeClientCertificate();
  await using proxy = await startAzureProxy({
    type: "azure_ad",
    args: [
      ...applicationFlags(entra.url, null),
      ...["--azure-client-certificate-path", certificate.path],
    ],
    env: entra.env,
  });
  await proxy.waitForLine(/upstream token acquired/);
  const { form } = entra.requests[0]!;
  assert.equal(form["client_secret"], undefined);
  assert.equal(
    form["client_assertion_type"],
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  );
  const claims = verifiedClaims(form["client_assertion"] ?? "", certificate.cert);
  assert.equal(claims["iss"], APPLICATION);
  assert.equal(claims["sub"], APPLICATION);
  assert.equal(claims["aud"], `${entra.url}/${TENANT}/oauth2/v2.0/token`);
  assert.ok(Number(claims["exp"]) > Date.now() / 1000);
});

Deno.test("scope and every other key come from the environment just as well", async () => {
  await using entra = await FakeEntra.start();
  await using proxy = await startAzureProxy({
    type: "azure_ad",
    env: {
      ...entra.env,
      CLAUDE_PROXY__UPSTREAM_AUTH__TENANT_ID: TENANT,
      CLAUDE_PROXY__UPSTREAM_AUTH__CLIENT_ID: APPLICATION,
      CLAUDE_PROXY__UPSTREAM_AUTH__CLIENT_SECRET: SECRET,
      CLAUDE_PROXY__UPSTREAM_AUTH__AUTHORITY_HOST: entra.url,
      CLAUDE_PROXY__UPSTREAM_AUTH__SCOPE: "https://cognitiveservices.azure.com/.default",
    },
    permissions: ["--allow-env=CLAUDE_PROXY_*", "--ignore-env", "--allow-sys=osRelease"],
  });
  await proxy.waitForLine(/upstream token acquired/);
  assert.equal(
    entra.requests[0]?.form["scope"],
    "https://cognitiveservices.azure.com/.default",
  );
});

Deno.test("/readyz says ready once a token is at hand, and /healthz is always well", async () => {
  await using entra = await FakeEntra.start();
  const token = Promise.withResolvers<void>();
  entra.answer = () => token.promise.then(() => entra.giveToken());
  await using proxy = await startAzureProxy({
    type: "azure_ad",
    args: [...applicationFlags(entra.url), "--workers", "1"],
    env: entra.env,
  });
  await entra.seen(1);
  const status = async (target: string) => (await request({ port: proxy.port, target })).status;
  assert.equal(await status("/readyz"), 503);
  assert.equal(await status("/healthz"), 200);
  token.resolve();
  await call(proxy).catch(() => {}); // It waits for the token, so the worker has it afterwards.
  assert.equal(await status("/readyz"), 200);
});

Deno.test("a token that lives 10 s is renewed at 8 s", async () => {
  await using entra = await FakeEntra.start();
  entra.lifetime = 10;
  await using _proxy = await startAzureProxy({
    type: "azure_ad",
    args: applicationFlags(entra.url),
    env: entra.env,
  });
  await entra.seen(2, 20_000);
  const [first, second] = entra.requests.map(({ at }) => at);
  const seconds = (second! - first!) / 1000;
  assert.ok(seconds > 6.5 && seconds < 9.5, `renewed after ${seconds} s`);
});

/** Checks the signature of a JWT (RFC 7515) as Entra does, and returns its claims. */
function verifiedClaims(jwt: string, pem: string): Record<string, unknown> {
  const [header = "", payload = "", signature = ""] = jwt.split(".");
  const { alg, ...rest } = JSON.parse(fromBase64Url(header).toString());
  const certificate = new X509Certificate(pem);
  const thumbprint = createHash("sha256").update(certificate.raw).digest("base64url");
  assert.equal(rest["x5t#S256"], thumbprint);
  assert.equal(alg, "PS256");
  const key = {
    key: certificate.publicKey,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  };
  const signed = new TextEncoder().encode(`${header}.${payload}`);
  assert.ok(verify("sha256", signed, key, fromBase64Url(signature)));
  return JSON.parse(fromBase64Url(payload).toString());
}

function fromBase64Url(text: string): { toString(): string } & Uint8Array {
  return Buffer.from(text, "base64url");
}
