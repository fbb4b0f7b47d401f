import assert from "node:assert/strict";
import { BearerUpstream } from "../kit/servers/bearer_upstream.ts";
import { FakeIdentityEndpoint } from "../kit/servers/fake_identity_endpoint.ts";
import { freePort } from "../kit/process/free_port.ts";
import { PROXY_VARIABLES } from "../../src/net/forward_proxy.ts";
import { call, refusal, startAzureProxy } from "./azure_proxy.ts";

const PERMISSIONS = [
  "--allow-sys=osRelease",
  "--allow-env=CLAUDE_PROXY_*,AZURE_POD_IDENTITY_AUTHORITY_HOST,IDENTITY_*,IMDS_ENDPOINT,MSI_*," +
  PROXY_VARIABLES.join(","),
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

/** What is answered where a token is asked for, and what we make of it. */
const REFUSALS: [status: number, body: object | undefined, log: RegExp][] = [
  [
    401,
    { error: "unknown_source" },
    /no managed identity on this machine \(IMDS at 127\.0\.0\.1:\d+ answered 401: unknown_source\); outside Azure use another type, such as azure_cli"/,
  ],
  [403, undefined, /127\.0\.0\.1:\d+ answered 403; let the user we run as reach IMDS: /],
  [404, undefined, /no managed identity on this machine \(IMDS at 127\.0\.0\.1:\d+ answered 404\)/],
  [410, undefined, /not ready yet \(status 410\); it will be asked again/],
  [
    400,
    { error: "invalid_resource", error_description: "AADSTS500011: No resource x." },
    /the tenant knows no resource of this name; check scope, or resource \(AADSTS500011\)/,
  ],
];

for (const [status, body, log] of REFUSALS) {
  Deno.test(`IMDS that answers ${status} ${body ? JSON.stringify(body) : ""} is explained by itself`, async () => {
    await using imds = new FakeIdentityEndpoint();
    imds.answer = () => new Response(body && JSON.stringify(body), { status });
    await using proxy = await start({ env: imds.imdsEnv });
    const [line] = await proxy.waitForLine(/.*no upstream token.*/);
    assert.match(line, log);
    assert.doesNotMatch(line, /authority_host|tenant_id/);
  });
}

Deno.test("App Service's endpoint that refuses us is told by the variables that lead there", async () => {
  await using service = new FakeIdentityEndpoint();
  service.answer = () => new Response(null, { status: 403 });
  const env = { IDENTITY_ENDPOINT: `${service.url}/msi/token`, IDENTITY_HEADER: "a-header" };
  await using refused = await start({ env });
  await refused.waitForLine(
    /answered 403; IDENTITY_ENDPOINT and IDENTITY_HEADER must be those that Azure set for this/,
  );
  await using absent = await start({
    env: { ...env, IDENTITY_ENDPOINT: `http://127.0.0.1:${freePort()}/msi/token` },
  });
  await absent.waitForLine(/it refused the connection; check IDENTITY_ENDPOINT and the firewall/);
});

Deno.test("another cloud's metadata service is no managed identity", async () => {
  for (const status of [401, 403, 404]) {
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => new Response(null, { status }),
    );
    await using proxy = await start({
      env: { AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://127.0.0.1:${server.addr.port}` },
    });
    await proxy.waitForLine(
      new RegExp(
        `no managed identity on this machine \\(IMDS at 127\\.0\\.0\\.1:\\d+ answered ${status}\\)`,
      ),
    );
  }
});

Deno.test("a forward proxy in the way to a managed identity is named with its variable", async () => {
  await using forwardProxy = new FakeIdentityEndpoint();
  forwardProxy.answer = () => new Response("<html>", { status: 503 });
  const inTheWay = (variable: string, host: string) =>
    new RegExp(
      `azure_managed_identity: the forward proxy 127\\.0\\.0\\.1:\\d+ \\(${variable}\\) is in the way to ` +
        `${host}; put ${host.replace(/:.*/, "")} into NO_PROXY`,
    );
  await using answered = await start({ env: { HTTP_PROXY: forwardProxy.url } });
  await answered.waitForLine(inTheWay("HTTP_PROXY", "169.254.169.254"));
  await using dead = await start({ env: { all_proxy: `http://127.0.0.1:${freePort()}` } });
  await dead.waitForLine(inTheWay("all_proxy", "169.254.169.254"));
  await using service = await start({
    env: { HTTP_PROXY: forwardProxy.url, IDENTITY_ENDPOINT: "http://127.0.0.1:9/msi/token" },
  });
  await service.waitForLine(inTheWay("HTTP_PROXY", "127.0.0.1:9"));
});

Deno.test("where NO_PROXY exempts it, as we advise, a managed identity is asked past a forward proxy", async () => {
  await using imds = new FakeIdentityEndpoint();
  const forwardProxy = `http://127.0.0.1:${freePort()}`;
  await using proxy = await start({
    env: { ...imds.imdsEnv, HTTP_PROXY: forwardProxy, NO_PROXY: "127.0.0.1" },
  });
  await proxy.waitForLine(/upstream token acquired/);
});

Deno.test("where the variables may not be read, a forward proxy that may be in the way is told of", async () => {
  await using proxy = await startAzureProxy({
    type: "azure_managed_identity",
    permissions: ["--allow-sys=osRelease", "--ignore-env"],
    env: { HTTP_PROXY: `http://127.0.0.1:${freePort()}` },
  });
  await proxy.waitForLine(
    /no managed identity on this machine.*; if HTTP_PROXY is set, put 169\.254\.169\.254 into NO_PROXY/,
  );
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
