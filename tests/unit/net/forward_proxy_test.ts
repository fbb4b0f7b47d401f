import assert from "node:assert/strict";
import { forwardProxyFor } from "../../../src/net/forward_proxy.ts";
import { RawUpstream } from "../../kit/http1/raw_upstream.ts";

type Environment = Record<string, string>;

/** PROXY stands for a proxy's address. All are asked about http://HOST:PORT of a local server. */
const CASES: [host: string, environment: Environment, proxied: boolean][] = [
  ["localhost", {}, false],
  ["localhost", { HTTP_PROXY: "http://PROXY" }, true],
  ["localhost", { http_proxy: "http://PROXY" }, true],
  ["localhost", { HTTP_PROXY: "PROXY" }, true],
  ["localhost", { ALL_PROXY: "http://PROXY" }, true],
  ["localhost", { HTTP_PROXY: "" }, false],
  ["localhost", { HTTPS_PROXY: "http://PROXY" }, false],
  ["localhost", { HTTP_PROXY: "http://PROXY", http_proxy: "http://127.0.0.1:1" }, true],
  ["localhost", { ALL_PROXY: "http://PROXY", HTTP_PROXY: "http://127.0.0.1:1" }, true],
  ["localhost", { HTTP_PROXY: "http://PROXY", NO_PROXY: "*" }, false],
  ["localhost", { HTTP_PROXY: "http://PROXY", NO_PROXY: "a.example, localhost" }, false],
  ["localhost", { HTTP_PROXY: "http://PROXY", no_proxy: ".localhost" }, false],
  ["localhost", { HTTP_PROXY: "http://PROXY", NO_PROXY: "ocalhost" }, true],
  ["localhost", { HTTP_PROXY: "http://PROXY", NO_PROXY: "LOCALHOST" }, true],
  ["127.0.0.1", { HTTP_PROXY: "http://PROXY", NO_PROXY: "127.0.0.1" }, false],
  ["127.0.0.1", { HTTP_PROXY: "http://PROXY", NO_PROXY: "127.0.0.0/8" }, false],
  ["127.0.0.1", { HTTP_PROXY: "http://PROXY", NO_PROXY: "10.0.0.0/8,::1" }, true],
];

Deno.test("the proxy that applies is the one Deno's fetch takes", async (t) => {
  await using direct = RawUpstream.start();
  await using proxy = RawUpstream.start();
  for (const [host, given, proxied] of CASES) {
    const environment = Object.fromEntries(
      Object.entries(given).map((
        [name, value],
      ) => [name, value.replace("PROXY", `127.0.0.1:${proxy.port}`)]),
    );
    const url = `http://${host}:${direct.port}/`;
    await t.step(`${host} ${JSON.stringify(given)}`, async () => {
      const found = forwardProxyFor(url, (name) => environment[name]);
      assert.equal(found?.port, proxied ? `${proxy.port}` : undefined);
      const before = proxy.requests.length;
      await fetchWith(environment, url);
      assert.equal(proxy.requests.length - before, proxied ? 1 : 0);
    });
  }
});

async function fetchWith(environment: Environment, url: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", `await (await fetch(${JSON.stringify(url)})).text()`],
    clearEnv: true,
    env: { DENO_DIR: "/nonexistent", NO_COLOR: "1", ...environment },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}
