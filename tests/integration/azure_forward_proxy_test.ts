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

Deno.test("the system's store is trusted too, where DENO_TLS_CA_STORE says so", async () => {
  await using entra = await FakeEntra.start();
  await using proxy = await startAzureProxy({
    type: "azure_ad",
    args: applicationFlags(entra.url),
    env: { DENO_TLS_CA_STORE: "system", SSL_CERT_FILE: entra.certificateFile },
  });
  await proxy.waitForLine(/upstream token acquired/);
});

Deno.test("a forward proxy that opens no way to Entra ID is named with its variable", async () => {
  await using entra = await FakeEntra.start();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const refusing = (async () => {
    for await (const conn of listener) {
      await conn.read(new Uint8Array(1024));
      await conn.write(new TextEncoder().encode("HTTP/1.1 403 Forbidden\r\n\r\n"));
      conn.close();
    }
  })();
  await using proxy = await startAzureProxy({
    type: "azure_ad",
    args: applicationFlags(entra.url),
    env: { HTTPS_PROXY: `http://127.0.0.1:${listener.addr.port}` },
    permissions: PERMISSIONS,
  });
  await proxy.waitForLine(
    /azure_ad: cannot reach localhost:\d+ through the forward proxy 127\.0\.0\.1:\d+ \(HTTPS_PROXY\): the forward proxy opens no way to it; check that it runs and lets this host through/,
  );
  listener.close();
  await refusing;
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
