import assert from "node:assert/strict";
import {
  acmeOptions,
  CacheDirectory,
  certificateIssued,
  shown,
} from "../kit/process/acme_proxy.ts";
import { PEBBLE, Pebble } from "../kit/servers/pebble.ts";
import { programTest } from "../kit/process/programs.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { SQUID, Squid } from "../kit/servers/squid.ts";
import { PROXY_VARIABLES } from "../../src/net/forward_proxy.ts";

const USER = { name: "user", password: "p@ss:w/rd" };

for (const user of [undefined, USER]) {
  programTest({
    name: `a certificate is ordered through squid ${user ? "with" : "without"} a password`,
    needs: [...PEBBLE, SQUID],
    fn: async () => {
      using cacheDir = new CacheDirectory();
      await using squid = await Squid.start(user);
      await using pebble = await Pebble.start();
      const options = acmeOptions(pebble, { cacheDir });
      await using proxy = await ProxyProcess.start({
        ...options,
        env: { HTTPS_PROXY: squid.url, NO_PROXY: "127.0.0.1" },
        permissions: [...options.permissions ?? [], `--allow-env=${PROXY_VARIABLES.join(",")}`],
      });
      await certificateIssued(proxy);
      assert.equal((await shown(proxy, pebble)).distrust, undefined);
      const { host } = new URL(pebble.directoryUrl);
      await squid.logged(`CONNECT ${host} 200`);
    },
  });
}
