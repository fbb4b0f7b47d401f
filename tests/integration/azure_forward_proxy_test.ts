import assert from "node:assert/strict";
import { FakeEntra } from "../kit/servers/fake_entra.ts";
import { programTest } from "../kit/process/programs.ts";
import { SQUID, Squid } from "../kit/servers/squid.ts";
import { PROXY_VARIABLES } from "../../src/net/forward_proxy.ts";
import { applicationFlags, LIBRARY_PERMISSIONS, startAzureProxy } from "./azure_proxy.ts";

const USER = { name: "user", password: "p@ss:w/rd" };
const PERMISSIONS = [...LIBRARY_PERMISSIONS, `--allow-env=${PROXY_VARIABLES.join(",")}`];

Deno.test("upstream_ca_file is trusted for token requests too", async () => {
  await using entra = await FakeEntra.start();
  await using proxy = await startAzureProxy({
    type: "azure_ad",
    args: [...applicationFlags(entra.url), "--upstream-ca-file", entra.certificateFile],
  });
  await proxy.waitForLine(/upstream token acquired/);
});

for (const user of [undefined, USER]) {
  programTest({
    name: `a token is fetched through squid ${user ? "with a password" : "without a password"}`,
    needs: [SQUID],
    fn: async () => {
      await using squid = await Squid.start(user);
      await using entra = await FakeEntra.start();
      await using proxy = await startAzureProxy({
        type: "azure_ad",
        args: [...applicationFlags(entra.url), "--upstream-ca-file", entra.certificateFile],
        env: { HTTPS_PROXY: squid.url },
        permissions: PERMISSIONS,
      });
      await proxy.waitForLine(/upstream token acquired/);
      assert.equal(entra.requests[0]?.headers.get("proxy-authorization"), null);
      const { host } = new URL(entra.url);
      await squid.logged(`CONNECT ${host} 200`);
    },
  });
}
