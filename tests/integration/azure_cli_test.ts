import assert from "node:assert/strict";
import { BearerUpstream } from "../kit/servers/bearer_upstream.ts";
import { type AzRun, azToken, FakeAz } from "../kit/servers/fake_az.ts";
import { programTest } from "../kit/process/programs.ts";
import { call, refusal, startAzureProxy } from "./azure_proxy.ts";

/** All that `azure_cli` needs: nothing else can be run, and no variable can be read. */
const PERMISSIONS = ["--allow-run=az"];

function start(az: FakeAz, more: { upstreamUrl?: string; args?: string[] } = {}) {
  return startAzureProxy({ type: "azure_cli", permissions: PERMISSIONS, env: az.env, ...more });
}

Deno.test("az brings a token, under --allow-run=az and nothing else that could run", async () => {
  await using az = await FakeAz.create({ stdout: azToken("cli-token", 3600) });
  await using upstream = new BearerUpstream((bearer) => bearer === "cli-token");
  await using proxy = await start(az, { upstreamUrl: upstream.url });
  assert.equal((await call(proxy)).status, 200);
  assert.deepEqual(await az.calls(), [
    "account get-access-token --output json --scope https://ai.azure.com/.default",
  ]);
});

Deno.test("a warning in front of az's JSON does no harm", async () => {
  await using az = await FakeAz.create({
    stdout: `WARNING: A new version is available.\n${azToken("cli-token", 3600)}`,
  });
  await using upstream = new BearerUpstream((bearer) => bearer === "cli-token");
  await using proxy = await start(az, { upstreamUrl: upstream.url });
  assert.equal((await call(proxy)).status, 200);
});

Deno.test("the tenant and the scope that are set reach az", async () => {
  await using az = await FakeAz.create({ stdout: azToken("cli-token", 3600) });
  await using proxy = await start(az, {
    args: ["--azure-tenant-id", "contoso.com", "--azure-scope", "https://other/.default"],
  });
  await proxy.waitForLine(/upstream token acquired/);
  assert.deepEqual(await az.calls(), [
    "account get-access-token --output json --scope https://other/.default --tenant contoso.com",
  ]);
});

/** What the real command says, and what we make of it. */
const FAILURES: [name: string, run: AzRun, log: RegExp][] = [
  [
    "nobody is logged in",
    { stderr: "ERROR: Please run 'az login' to setup account.\n", code: 1 },
    /azure_cli: nobody is logged in; run az login as the proxy's user/,
  ],
  [
    "the login has expired",
    {
      stderr: "ERROR: AADSTS700082: The refresh token has expired due to inactivity.\n" +
        "Trace ID: 1\nTo re-authenticate, please run:\naz login --scope x\n",
      code: 1,
    },
    /azure_cli: nobody is logged in; run az login.*\(AADSTS700082\)/,
  ],
  [
    "az has no network",
    {
      stderr: "ERROR: HTTPSConnectionPool(host='login.microsoftonline.com', port=443): " +
        "Max retries exceeded with url: /x\n",
      code: 1,
    },
    /azure_cli: az cannot reach Entra ID \(HTTPSConnectionPool/,
  ],
  [
    "az fails in some other way",
    { stderr: "WARNING: x\nERROR: Something broke\nTraceback\n", code: 1 },
    /azure_cli: az failed: Something broke"/,
  ],
  [
    "az prints no token",
    { stdout: "{}" },
    /azure_cli: az printed JSON without a token, expected JSON with a token; run az account get-access-token as the proxy's user/,
  ],
];

for (const [name, run, log] of FAILURES) {
  Deno.test(`${name}: one line of the log says what to do`, async () => {
    await using az = await FakeAz.create(run);
    await using proxy = await start(az);
    await proxy.waitForLine(log);
  });
}

Deno.test("az that is not installed, and az that may not be run, are told apart", async () => {
  await using az = await FakeAz.create({});
  await using absent = await startAzureProxy({
    type: "azure_cli",
    permissions: PERMISSIONS,
    env: { PATH: "/nonexistent" },
  });
  await absent.waitForLine(/azure_cli: az is not installed, or not on PATH; .*aka\.ms\/azure-cli/);
  const said = await refusal({ type: "azure_cli", permissions: [], env: az.env });
  assert.match(said, /^ {2}--allow-run=az {2}\(upstream_auth\)$/m);
});

Deno.test("after az login the proxy recovers by itself", async () => {
  await using az = await FakeAz.create({
    stderr: "ERROR: Please run 'az login' to setup account.\n",
    code: 1,
  });
  await using upstream = new BearerUpstream((bearer) => bearer === "cli-token");
  await using proxy = await start(az, { upstreamUrl: upstream.url });
  await proxy.waitForLine(/run az login/);
  await az.does({ stdout: azToken("cli-token", 3600) });
  assert.equal((await call(proxy)).status, 200); // It waits for the next attempt, 1 to 2 s away.
});

Deno.test("az that hangs keeps callers for token_timeout and no longer", async () => {
  await using az = await FakeAz.create({});
  await az.runs("exec sleep 10");
  await using proxy = await start(az, { args: ["--upstream-token-timeout", "0.3"] });
  const { status, headers } = await call(proxy);
  assert.equal(status, 503);
  assert.ok(Number(headers.get("retry-after")) >= 1);
});

programTest({
  name: "the real az, with nobody logged in, is told to run az login",
  needs: [{ program: "az", install: "apt-get install azure-cli" }],
  async fn() {
    const home = await Deno.makeTempDir();
    await using proxy = await startAzureProxy({
      type: "azure_cli",
      permissions: PERMISSIONS,
      env: { HOME: home, AZURE_CONFIG_DIR: `${home}/.azure` },
    });
    await proxy.waitForLine(/azure_cli: nobody is logged in; run az login/, 60_000);
    await proxy[Symbol.asyncDispose]();
    await Deno.remove(home, { recursive: true });
  },
});
