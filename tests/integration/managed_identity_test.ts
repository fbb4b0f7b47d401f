import assert from "node:assert/strict";
import { BearerUpstream } from "../kit/servers/bearer_upstream.ts";
import { FakeIdentityEndpoint } from "../kit/servers/fake_identity_endpoint.ts";
import { freePort } from "../kit/process/free_port.ts";
import { call, refusal, startAzureProxy } from "./azure_proxy.ts";

const PERMISSIONS = [
  "--allow-sys=osRelease",
  "--allow-env=CLAUDE_PROXY_*,AZURE_POD_IDENTITY_AUTHORITY_HOST,IDENTITY_*,IMDS_ENDPOINT,MSI_*",
  "--ignore-env",
];

interface Start {
  upstreamUrl?: string;
  args?: string[];
  env: Record<string, string>;
}

function start({ args = [], ...rest }: Start) {
  return startAzureProxy({
    type: "azure_managed_identity",
    args,
    permissions: PERMISSIONS,
    ...rest,
  });
}

Deno.test("a virtual machine's identity: IMDS is probed, then asked", async () => {
  await using imds = new FakeIdentityEndpoint();
  await using upstream = new BearerUpstream((bearer) => bearer === imds.current);
  await using proxy = await start({ upstreamUrl: upstream.url, env: imds.imdsEnv });
  assert.equal((await call(proxy)).status, 200);
  const [probe, asked] = imds.requests;
  assert.equal(probe?.headers.get("metadata"), null);
  assert.equal(asked?.headers.get("metadata"), "true");
  assert.equal(asked?.query.get("resource"), "https://ai.azure.com");
  assert.equal(asked?.query.get("client_id"), null);
  assert.equal(upstream.calls[0]?.authorization, `Bearer ${imds.current}`);
});

Deno.test("a user-assigned identity is asked for by its client ID, with the resource that is set", async () => {
  await using imds = new FakeIdentityEndpoint();
  await using proxy = await start({
    args: ["--azure-client-id", "my-identity"],
    env: {
      ...imds.imdsEnv,
      CLAUDE_PROXY__UPSTREAM_AUTH__RESOURCE: "https://cognitiveservices.azure.com/.default",
    },
  });
  await proxy.waitForLine(/upstream token acquired/);
  const asked = imds.requests.at(-1);
  assert.equal(asked?.query.get("client_id"), "my-identity");
  assert.equal(asked?.query.get("resource"), "https://cognitiveservices.azure.com");
});

Deno.test("App Service and Container Apps are asked at their endpoint, with their header", async () => {
  await using service = new FakeIdentityEndpoint();
  await using proxy = await start({
    env: { IDENTITY_ENDPOINT: `${service.url}/msi/token`, IDENTITY_HEADER: "a-header" },
  });
  await proxy.waitForLine(/upstream token acquired/);
  const [asked] = service.requests;
  assert.equal(asked?.path, "/msi/token");
  assert.equal(asked?.headers.get("x-identity-header"), "a-header");
  assert.equal(asked?.query.get("resource"), "https://ai.azure.com");
});

Deno.test("a machine without IMDS is told within 2 s that it has no managed identity", async () => {
  const port = freePort();
  await using proxy = await start({
    env: { AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://127.0.0.1:${port}` },
  });
  await proxy.waitForLine(/no managed identity on this machine \(IMDS at 127\.0\.0\.1:\d+ did not/);
});

Deno.test("an IMDS that accepts and says nothing is given up after 2 s", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  const started = performance.now();
  await using proxy = await start({
    env: { AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://127.0.0.1:${listener.addr.port}` },
  });
  await proxy.waitForLine(/no managed identity on this machine/);
  const waited = performance.now() - started;
  assert.ok(waited > 1_900 && waited < 6_000, `told after ${waited} ms`);
  (await accepted).close();
});

Deno.test("an identity that is not assigned is named", async () => {
  await using imds = new FakeIdentityEndpoint();
  imds.answer = () =>
    Response.json({ error: "invalid_request", error_description: "Identity not found" }, {
      status: 400,
    });
  await using system = await start({ env: imds.imdsEnv });
  await system.waitForLine(/this machine has no system-assigned identity.*Identity not found/);
  await using user = await start({ args: ["--azure-client-id", "mine"], env: imds.imdsEnv });
  await user.waitForLine(/no identity with client_id mine is assigned to this machine/);
});

Deno.test("a refused token is replaced past the library's own cache", async () => {
  await using imds = new FakeIdentityEndpoint();
  await using upstream = new BearerUpstream((bearer) => bearer === "identity-token-2");
  await using proxy = await start({
    upstreamUrl: upstream.url,
    args: ["--workers", "1"],
    env: imds.imdsEnv,
  });
  assert.equal((await call(proxy)).status, 401);
  assert.equal((await call(proxy)).status, 200);
  assert.equal(imds.given, 2);
});

Deno.test("variables we may not read are named by the flag that lets us", async () => {
  const said = await refusal({
    type: "azure_managed_identity",
    permissions: ["--allow-sys=osRelease"],
  });
  assert.match(said, /--allow-env=AZURE_POD_IDENTITY_AUTHORITY_HOST,IDENTITY_ENDPOINT,/);
});
