import assert from "node:assert/strict";
import { forwardProxyFor, proxyNotes } from "../../../src/net/forward_proxy.ts";
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
  ["127.0.0.1", { HTTP_PROXY: "http://PROXY", NO_PROXY: "127.0.0.0/33,127.0.0" }, true],
  ["127.0.0.1", { HTTP_PROXY: "http://PROXY", NO_PROXY: "*" }, true],
  ["localhost", { HTTP_PROXY: "http://PROXY", NO_PROXY: "*.localhost,*localhost" }, true],
  ["localhost", { HTTP_PROXY: "http://PROXY", NO_PROXY: "http://localhost" }, true],
  ["localhost", { HTTP_PROXY: "http://PROXY", NO_PROXY: "other localhost" }, true],
  ["localhost", { HTTP_PROXY: "http://PROXY", NO_PROXY: "", no_proxy: "localhost" }, true],
  ["localhost", { HTTP_PROXY: "ftp://PROXY" }, false],
  ["localhost", { HTTP_PROXY: "http://user@PROXY" }, false],
  ["localhost", { HTTP_PROXY: "http://user:secret@PROXY" }, true],
  ["localhost", { HTTP_PROXY: "ftp://127.0.0.1:1", http_proxy: "http://PROXY" }, true],
  ["localhost", { ALL_PROXY: "ftp://127.0.0.1:1", HTTP_PROXY: "http://PROXY" }, true],
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
      assert.equal(found?.url.port, proxied ? `${proxy.port}` : undefined);
      const before = proxy.requests.length;
      await fetchWith(environment, url);
      assert.equal(proxy.requests.length - before, proxied ? 1 : 0);
    });
  }
});

/** What somebody wrote in vain, and what is said of it. */
const NOTES: [environment: Environment, notes: RegExp[]][] = [
  [{ HTTPS_PROXY: "http://proxy:3128", NO_PROXY: "a.example,.b.example,*, 10.0.0.0/8,::1" }, []],
  [{ NO_PROXY: "*.corp.example" }, []],
  [
    { https_proxy: "http://proxy:3128", no_proxy: "*.corp.example, ok.example" },
    [/^no_proxy: "\*\.corp\.example" exempts nothing; expected a host name in lower case/],
  ],
  [
    {
      ALL_PROXY: "proxy:3128",
      NO_PROXY: "Corp.Example,a.example:443,10.0.0.0/33,b.example c.example",
    },
    [/^NO_PROXY: "Corp.Example" /, /"a.example:443"/, /"10.0.0.0\/33"/, /"b.example c.example"/],
  ],
  [
    { HTTPS_PROXY: "socks5://user:secret@proxy:1080" },
    [/^HTTPS_PROXY: expected the URL of an http:\/\/ or https:\/\/ proxy/],
  ],
  [{ HTTPS_PROXY: "http://secret@proxy:1080" }, [
    /^HTTPS_PROXY: expected .* both name and password/,
  ]],
];

for (const [environment, notes] of NOTES) {
  Deno.test(`what has no effect is told: ${JSON.stringify(environment)}`, () => {
    const told = proxyNotes((name) => environment[name]);
    assert.equal(told.length, notes.length, told.join("\n"));
    for (const [index, note] of notes.entries()) assert.match(told[index]!, note);
    assert.doesNotMatch(told.join("\n"), /secret/);
  });
}

async function fetchWith(environment: Environment, url: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", `await (await fetch(${JSON.stringify(url)})).text()`],
    clearEnv: true,
    env: { DENO_DIR: "/nonexistent", NO_COLOR: "1", ...environment },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}
