import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ProxyProcess } from "../../kit/process/proxy_process.ts";
import { request } from "../../kit/http1/raw_client.ts";

const entry = "tests/unit/kit/fixture_program.ts";
const linux = { ignore: Deno.build.os !== "linux" };

Deno.test("the program is started with the flags of the settings and answers on its port", async () => {
  await using proxy = await ProxyProcess.start({ entry, upstreamUrl: "http://127.0.0.1:9" });
  assert.equal(proxy.url, `http://127.0.0.1:${proxy.port}`);
  assert.equal((await request({ port: proxy.port })).status, 200);
  const [, args] = await proxy.waitForLine(/^args (.*)$/);
  assert.equal(
    args,
    "--bind-address 127.0.0.1 --port 0 --upstream-url http://127.0.0.1:9 " +
      "--client-api-key client-key-0123456789 --upstream-auth-type api_key " +
      "--upstream-api-key upstream-key-0123456789",
  );
});

Deno.test("with a config file only address and port are set, and they can be left out", async () => {
  const options = { entry, configFile: "a.toml", port: null, args: ["--verbose"] };
  await using proxy = await ProxyProcess.start(options);
  const [, args] = await proxy.waitForLine(/^args (.*)$/);
  assert.equal(args, "--config a.toml --bind-address 127.0.0.1 --verbose");
});

Deno.test("the environment holds nothing of the developer's, and packages are still found", async () => {
  Deno.env.set("KIT_TEST_LEAK", "leaked");
  try {
    const permissions = ["--allow-net", "--allow-env"];
    const cwd = fileURLToPath(new URL("./", import.meta.url));
    await using proxy = await ProxyProcess.start({ entry, permissions, cwd, env: { GIVEN: "1" } });
    await proxy.waitForLine(/^env given=1 leak=undefined home=\/nonexistent$/);
  } finally {
    Deno.env.delete("KIT_TEST_LEAK");
  }
});

Deno.test("a program that exits before it is ready fails with all it printed", async () => {
  const start = ProxyProcess.start({ entry, args: ["--fail"] });
  await assert.rejects(start, /exited with code 2[^]*args --bind[^]*unfinished last line/);
});

Deno.test("a program that never is ready fails on the deadline and is ended", async () => {
  const start = ProxyProcess.start({ entry, args: ["--silent"], deadlineMs: 1_000 });
  await assert.rejects(start, Deno.errors.TimedOut);
});

Deno.test("a program is ended by a signal, with the code it chose", async () => {
  await using proxy = await ProxyProcess.start({ entry });
  proxy.signal("SIGTERM");
  assert.equal(await proxy.exit(), 0);
  await proxy.waitForLine(/terminated/);
  await assert.rejects(proxy.waitForLine(/no such line/, 60_000), /exited with code 0/);
});

Deno.test("a run that only prints is waited for", async () => {
  await using run = await ProxyProcess.spawn({ entry, args: ["--fail"] });
  assert.equal(await run.exit(), 2);
  assert.deepEqual(run.stderr, ["unfinished last line"]);
});

Deno.test("memory and descriptors of the program can be read", linux, async () => {
  await using proxy = await ProxyProcess.start({ entry });
  assert.ok(proxy.rssBytes() > 1024 * 1024);
  assert.ok(proxy.fdCount() > 3);
});
