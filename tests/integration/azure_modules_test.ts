import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { azToken, FakeAz } from "../kit/servers/fake_az.ts";
import { FakeEntra } from "../kit/servers/fake_entra.ts";
import { type ProxyOptions, ProxyProcess } from "../kit/process/proxy_process.ts";
import { applicationFlags } from "./azure_proxy.ts";

/** A variable that `@azure/identity` reads while it is loaded, and nobody else. */
const MARK = "AZURE_LOG_LEVEL";

/** Runs the program until a line and tells what permissions were asked for on the way. */
async function audit(options: ProxyOptions, line: RegExp): Promise<string> {
  const file = await Deno.makeTempFile();
  try {
    await using proxy = await ProxyProcess.start({
      ...options,
      upstreamUrl: "http://127.0.0.1:9",
      env: { ...options.env, DENO_AUDIT_PERMISSIONS: file },
    });
    await proxy.waitForLine(line);
    return await Deno.readTextFile(file);
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("@azure/identity is loaded by the types that need it, and neither for api_key nor for az", async () => {
  assert.ok(!(await audit({}, /listening on/)).includes(MARK));

  await using az = await FakeAz.create({ stdout: azToken("cli-token", 3600) });
  const cli = {
    upstreamKey: null,
    args: ["--upstream-auth-type", "azure_cli"],
    env: az.env,
    permissions: ["--allow-net", "--allow-read", "--allow-run=az"],
  };
  assert.ok(!(await audit(cli, /token acquired/)).includes(MARK));

  await using entra = await FakeEntra.start();
  const ad = {
    upstreamKey: null,
    args: ["--upstream-auth-type", "azure_ad", ...applicationFlags(entra.url)],
    env: entra.env,
    permissions: ["--allow-net", "--allow-read", "--allow-sys=osRelease", "--ignore-env"],
  };
  assert.ok((await audit(ad, /token acquired/)).includes(MARK));
});

Deno.test("nothing but dynamic imports leads to @azure/identity", async () => {
  const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", main] })
    .output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: {
      specifier: string;
      dependencies?: { specifier: string; isDynamic?: boolean; code?: unknown }[];
    }[];
  };
  const importers = modules.flatMap(({ specifier, dependencies = [] }) =>
    dependencies.filter((one) => one.specifier.startsWith("@azure/") && one.code !== undefined)
      .map(({ isDynamic }) => ({ specifier, isDynamic }))
  );
  assert.deepEqual(
    importers.map(({ specifier }) => specifier.split("/").at(-1)).sort(),
    ["azure_ad.ts", "azure_managed_identity.ts", "azure_workload_identity.ts"],
  );
  assert.ok(importers.every(({ isDynamic }) => isDynamic));
});
