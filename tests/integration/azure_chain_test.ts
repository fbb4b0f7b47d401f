import assert from "node:assert/strict";
import { BearerUpstream } from "../kit/servers/bearer_upstream.ts";
import { azToken, FakeAz } from "../kit/servers/fake_az.ts";
import { entraError, FakeEntra } from "../kit/servers/fake_entra.ts";
import { FakeIdentityEndpoint } from "../kit/servers/fake_identity_endpoint.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { APPLICATION, call, SECRET, TENANT } from "./azure_proxy.ts";

const PERMISSIONS = [
  ...["--allow-net", "--allow-read", "--allow-run=az", "--allow-sys=osRelease"],
  ...["--allow-env=AZURE_*,IDENTITY_*,IMDS_ENDPOINT,MSI_*,CLAUDE_PROXY_*,HTTP_PROXY,NO_PROXY"],
  "--ignore-env",
];

/** The chain that serves laptop, virtual machine and AKS alike. */
const EVERYWHERE = `
type = "chain"
chain = ["azure_workload_identity", "azure_managed_identity", "azure_cli"]
token_timeout = 5
`;

async function start(toml: string, upstreamUrl: string, env: Record<string, string>) {
  const file = await Deno.makeTempFile({ suffix: ".toml" });
  await Deno.writeTextFile(
    file,
    `upstream_url = "${upstreamUrl}"\nclient_api_key = "client-key-0123456789"\n` +
      `[upstream_auth]\n${toml}`,
  );
  try {
    return await ProxyProcess.start({ configFile: file, permissions: PERMISSIONS, env });
  } finally {
    await Deno.remove(file);
  }
}

/** An address where no IMDS answers. */
function nowhere(): Record<string, string> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return { AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://127.0.0.1:${listener.addr.port}` };
}

Deno.test("one config serves a laptop: nothing of Azure is there, so az is asked", async () => {
  await using az = await FakeAz.create({ stdout: azToken("cli-token", 3600) });
  await using upstream = new BearerUpstream((bearer) => bearer === "cli-token");
  await using proxy = await start(EVERYWHERE, upstream.url, { ...az.env, ...nowhere() });
  assert.equal((await call(proxy)).status, 200);
  await proxy.waitForLine(/upstream token acquired.*provider="?chain: azure_cli/);
});

Deno.test("one config serves a machine of another cloud: its metadata service is passed by", async () => {
  await using az = await FakeAz.create({ stdout: azToken("cli-token", 3600) });
  for (const status of [401, 403, 404]) {
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => new Response(null, { status }),
    );
    const imds = { AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://127.0.0.1:${server.addr.port}` };
    await using proxy = await start(EVERYWHERE, "http://127.0.0.1:9", { ...az.env, ...imds });
    await proxy.waitForLine(/upstream token acquired.*chain: azure_cli/);
  }
});

for (const status of [401, 404]) {
  Deno.test(`IMDS that answers ${status} when a token is asked for is passed by`, async () => {
    await using az = await FakeAz.create({ stdout: azToken("cli-token", 3600) });
    await using imds = new FakeIdentityEndpoint();
    imds.answer = () => new Response(null, { status });
    const env = { ...az.env, ...imds.imdsEnv };
    await using proxy = await start(EVERYWHERE, "http://127.0.0.1:9", env);
    await proxy.waitForLine(/upstream token acquired.*chain: azure_cli/);
  });
}

Deno.test("one config serves a laptop behind a company's forward proxy", async () => {
  await using az = await FakeAz.create({ stdout: azToken("cli-token", 3600) });
  await using forwardProxy = new FakeIdentityEndpoint();
  forwardProxy.answer = () => new Response("<html>", { status: 503 });
  await using proxy = await start(EVERYWHERE, "http://127.0.0.1:9", {
    ...az.env,
    HTTP_PROXY: forwardProxy.url,
    NO_PROXY: "localhost",
  });
  await proxy.waitForLine(/upstream token acquired.*chain: azure_cli/);
});

Deno.test("the same config serves a virtual machine, where az is never run", async () => {
  await using az = await FakeAz.create({ stdout: azToken("cli-token", 3600) });
  await using imds = new FakeIdentityEndpoint();
  await using upstream = new BearerUpstream((bearer) => bearer === imds.current);
  await using proxy = await start(EVERYWHERE, upstream.url, { ...az.env, ...imds.imdsEnv });
  assert.equal((await call(proxy)).status, 200);
  await assert.rejects(az.calls(), Deno.errors.NotFound);
});

Deno.test("the same config serves AKS, where neither IMDS nor az is asked", async () => {
  await using entra = await FakeEntra.start();
  await using imds = new FakeIdentityEndpoint();
  await using upstream = new BearerUpstream((bearer) => bearer === entra.current);
  await using proxy = await start(EVERYWHERE, upstream.url, {
    ...entra.env,
    ...imds.imdsEnv,
    AZURE_TENANT_ID: TENANT,
    AZURE_CLIENT_ID: APPLICATION,
    AZURE_FEDERATED_TOKEN_FILE: entra.certificateFile, // Any file will do as a token.
    AZURE_AUTHORITY_HOST: entra.url,
  });
  assert.equal((await call(proxy)).status, 200);
  assert.equal(imds.requests.length, 0);
});

Deno.test("a member that is available but refuses stops the chain with its own error", async () => {
  await using entra = await FakeEntra.start();
  entra.answer = () => entraError(401, 7000215, "Invalid client secret provided.");
  await using az = await FakeAz.create({ stdout: azToken("cli-token", 3600) });
  await using proxy = await start(
    `type = "chain"
chain = ["azure_ad", "azure_cli"]
authority_host = "${entra.url}"

[upstream_auth.azure_ad]
tenant_id = "${TENANT}"
client_id = "${APPLICATION}"
client_secret = "${SECRET}"
`,
    "http://127.0.0.1:9",
    { ...entra.env, ...az.env },
  );
  await proxy.waitForLine(/no upstream token.*azure_ad: wrong client secret/);
  assert.equal(entra.requests[0]?.form["client_secret"], SECRET);
  await assert.rejects(az.calls(), Deno.errors.NotFound);
});

Deno.test("a member that is configured by half names what it lacks, and is passed by", async () => {
  await using proxy = await start(
    'type = "chain"\nchain = ["azure_ad", "azure_cli"]\n' +
      '[upstream_auth.azure_ad]\ntenant_id = "t"\nclient_id = "c"',
    "http://127.0.0.1:9",
    { PATH: "/nonexistent" },
  );
  await proxy.waitForLine(
    /None of the chain is available: azure_ad: client_secret or client_certificate_path not set \| azure_cli: /,
  );
});

Deno.test("the member that won is remembered", async () => {
  await using az = await FakeAz.create({ stdout: azToken("cli-token", 4) });
  await using imds = new FakeIdentityEndpoint();
  imds.answer = () => Response.json({ error_description: "Identity not found" }, { status: 400 });
  await using proxy = await start(EVERYWHERE, "http://127.0.0.1:9", { ...az.env, ...imds.imdsEnv });
  await proxy.waitForLine(/chain: azure_cli/);
  const asked = imds.requests.length;
  const now = Date.now();
  await az.does({ stdout: azToken("second-cli-token", 3600, now) });
  // Tokens count as expired a second early.
  const expires = new Date(Math.floor(now / 1000 + 3599) * 1000).toISOString();
  await proxy.waitForLine(new RegExp(`upstream token acquired.*${expires}`));
  assert.equal(imds.requests.length, asked);
});

Deno.test("a chain none of which is available says why for each", async () => {
  await using proxy = await start(EVERYWHERE, "http://127.0.0.1:9", {
    ...nowhere(),
    PATH: "/nonexistent",
  });
  await proxy.waitForLine(
    /None of the chain is available: azure_workload_identity: .* \| azure_managed_identity: .* \| azure_cli: az is not installed/,
  );
});
