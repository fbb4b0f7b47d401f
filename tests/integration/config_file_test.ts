import assert from "node:assert/strict";
import { join } from "node:path";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { freePort } from "../kit/process/free_port.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { TemporaryDirectory } from "../kit/process/temporary_directory.ts";

const KEYS = ["client-key-in-the-file", "upstream-key-in-the-file"];

/** A directory that everybody may enter, with a configuration file of some mode. */
function directoryWith(upstreamUrl: string, mode: number): TemporaryDirectory {
  const directory = new TemporaryDirectory();
  Deno.chmodSync(directory.path, 0o755);
  Deno.writeTextFileSync(
    directory.join("config.toml"),
    `upstream_url = "${upstreamUrl}"\nport = 0\nbind_address = "127.0.0.1"\n` +
      `client_api_key = "${KEYS[0]}"\n[upstream_auth]\ntype = "api_key"\napi_key = "${KEYS[1]}"\n`,
    { mode },
  );
  Deno.chmodSync(directory.join("config.toml"), mode);
  return directory;
}

const FROM_FILE = { port: null, bindAddress: null, clientKey: null, upstreamKey: null } as const;

Deno.test("the start names the file it read, and warns of secrets that others can read there", async () => {
  using open = directoryWith("http://127.0.0.1:9", 0o644);
  await using proxy = await ProxyProcess.start({ ...FROM_FILE, cwd: open.path });
  const file = join(open.path, "config.toml");
  await proxy.waitForLine(new RegExp(`level=info .*msg="settings read" file=${file}$`));
  await proxy.waitForLine(
    /level=warn .*config\.toml: every user of this machine can read client_api_key, upstream_auth\.api_key in it; close it to others \(chmod o-r config\.toml\)/,
  );
  for (const key of KEYS) assert.ok(!proxy.stdout.join("\n").includes(key));

  using closed = directoryWith("http://127.0.0.1:9", 0o640);
  await using quiet = await ProxyProcess.start({ ...FROM_FILE, cwd: closed.path });
  assert.doesNotMatch(quiet.stdout.join("\n"), /every user of this machine/);
});

Deno.test("a start without a file says so, and warns of secrets in flags", async () => {
  await using proxy = await ProxyProcess.start({ upstreamUrl: "http://127.0.0.1:9" });
  await proxy.waitForLine(/msg="settings read" file=none$/);
  await proxy.waitForLine(
    /level=warn .*--client-api-key, --upstream-api-key: secrets in flags stand in the list of processes/,
  );
});

Deno.test("check names the file and its warnings, and gives values to programs as JSON has them", async () => {
  await using upstream = RawUpstream.start();
  using directory = directoryWith(upstream.url, 0o644);
  const check = async (...more: string[]) => {
    await using program = await ProxyProcess.spawn({
      ...FROM_FILE,
      port: freePort(),
      cwd: directory.path,
      args: ["check", ...more],
    });
    assert.equal(await program.exit(), 0);
    return program.stdout.join("\n");
  };
  const file = join(directory.path, "config.toml");
  const text = await check();
  assert.match(text, new RegExp(`^configuration file: ${file}$`, "m"));
  assert.match(text, /^note: config\.toml: every user of this machine can read client_api_key/m);
  const json = JSON.parse(await check("--json"));
  assert.equal(json.file, file);
  const value = (path: string) =>
    json.settings.find((setting: { path: string }) => setting.path === path).value;
  assert.equal(typeof value("port"), "number");
  assert.equal(value("health_endpoints"), true);
  assert.equal(value("max_request_body"), null);
  assert.equal(value("upstream_url"), upstream.url);
  assert.ok(Array.isArray(value("strip_request_headers")));
  assert.equal(value("client_api_key"), "••••");
  assert.equal(value("upstream_auth.api_key"), "••••");
});
