import assert from "node:assert/strict";
import { withDeadline } from "../../../kit/time/deadline.ts";
import { FakeAz } from "../../../kit/servers/fake_az.ts";
import { azureCli } from "../../../../src/credentials/providers/azure_cli.ts";
import { CredentialCache, type CredentialFailure } from "../../../../src/credentials/cache.ts";

Deno.test("az that hangs is ended when its time is up", async () => {
  await using az = await FakeAz.create({});
  const ended = `${az.directory}/ended`;
  await az.runs(`trap 'echo > ${ended}; exit 1' TERM\nsleep 60 >/dev/null 2>&1 &\nwait`);
  using watcher = Deno.watchFs(az.directory);
  const path = Deno.env.get("PATH") ?? "";
  const failure = Promise.withResolvers<CredentialFailure>();
  const scope = "https://ai.azure.com/.default";
  const context = { variable: () => undefined, caCerts: [] };
  const cache = new CredentialCache(azureCli.create({ scope }, context), {
    attemptTimeoutMs: 300,
    onCredential: () => {},
    onFailure: failure.resolve,
  });
  Deno.env.set("PATH", az.env["PATH"] ?? "");
  try {
    cache.want();
    assert.match((await failure.promise).error.message, /^azure_cli: no token within 0\.3 s/);
    await withDeadline(created(watcher, ended), 10_000, "az to be ended");
  } finally {
    cache.stop();
    Deno.env.set("PATH", path);
  }
});

async function created(watcher: Deno.FsWatcher, path: string): Promise<void> {
  for await (const { paths } of watcher) {
    if (paths.includes(path)) return;
  }
}
