import assert from "node:assert/strict";
import { BearerUpstream } from "../kit/servers/bearer_upstream.ts";
import { azToken, FakeAz } from "../kit/servers/fake_az.ts";
import { FakeEntra } from "../kit/servers/fake_entra.ts";
import { FakeIdentityEndpoint } from "../kit/servers/fake_identity_endpoint.ts";
import { freePort } from "../kit/process/free_port.ts";
import { neededAlone, printedPermissions } from "../kit/process/printed_permissions.ts";
import { type ProxyOptions, ProxyProcess } from "../kit/process/proxy_process.ts";
import { applicationFlags, call } from "./azure_proxy.ts";

/** Runs the proxy with what `permissions` prints, and one request through it. */
async function runsWithPrinted(type: string, more: ProxyOptions): Promise<string[]> {
  await using upstream = new BearerUpstream((bearer) => bearer !== "");
  const options = {
    upstreamUrl: upstream.url,
    upstreamKey: null,
    port: freePort(),
    ...more,
    args: ["--upstream-auth-type", type, ...more.args ?? []],
  };
  const permissions = await printedPermissions(options);
  await using proxy = await ProxyProcess.start({ ...options, permissions });
  assert.equal((await call(proxy)).status, 200);
  return neededAlone(permissions).filter((flag) => !/^--allow-(net|read)=/.test(flag));
}

Deno.test("azure_cli runs with the printed permissions: --allow-run=az and no other power", async () => {
  await using az = await FakeAz.create({ stdout: azToken("cli-token", 3600) });
  assert.deepEqual(await runsWithPrinted("azure_cli", { env: az.env }), ["--allow-run=az"]);
});

Deno.test("azure_ad runs with the printed permissions", async () => {
  await using entra = await FakeEntra.start();
  assert.deepEqual(
    await runsWithPrinted("azure_ad", { args: applicationFlags(entra.url), env: entra.env }),
    ["--allow-sys=osRelease", "--ignore-env"],
  );
});

Deno.test("azure_managed_identity runs with the printed permissions", async () => {
  await using imds = new FakeIdentityEndpoint();
  const flags = await runsWithPrinted("azure_managed_identity", { env: imds.imdsEnv });
  assert.equal(flags.length, 3);
  assert.match(flags[0] ?? "", /^--allow-env=AZURE_POD_IDENTITY_AUTHORITY_HOST,IDENTITY_ENDPOINT,/);
});

Deno.test("check gets a token and says whose, or what to do", async () => {
  await using az = await FakeAz.create({ stdout: azToken("cli-token", 3600) });
  await using upstream = new BearerUpstream((bearer) => bearer === "cli-token");
  const check = async () => {
    await using program = await ProxyProcess.spawn({
      upstreamUrl: upstream.url,
      upstreamKey: null,
      args: ["--upstream-auth-type", "azure_cli", "check"],
      permissions: ["--allow-net", "--allow-read", "--allow-run=az"],
      env: az.env,
    });
    return { code: await program.exit(), printed: program.stdout.join("\n") };
  };
  const well = await check();
  assert.equal(well.code, 0, well.printed);
  assert.match(well.printed, /upstream token: azure_cli gave one, good until 20/);
  assert.match(well.printed, /upstream: .* answers 200: reached, and the credential is accepted/);
  assert.doesNotMatch(well.printed, /cli-token/);
  await az.does({ stderr: "ERROR: Please run 'az login' to setup account.\n", code: 1 });
  const ill = await check();
  assert.equal(ill.code, 1);
  assert.match(ill.printed, /FAIL upstream token: azure_cli: nobody is logged in; run az login/);
});
