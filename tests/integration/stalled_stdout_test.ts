import assert from "node:assert/strict";
import { adminUrl, untilMetric } from "../kit/process/admin.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { TemporaryDirectory } from "../kit/process/temporary_directory.ts";

/** Headers that make a long line: of each at most 1 KiB is shown. */
const MUCH = Array.from(
  { length: 50 },
  (_, index): [string, string] => [`X-Much-${index}`, "x".repeat(1_000)],
);

Deno.test("a reader of stdout that stalls costs lines, which are counted, and no request", async () => {
  using directory = new TemporaryDirectory();
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    permissions: ["--allow-net", "--allow-read", `--allow-write=${directory.path}`],
    args: ["--admin-port", "0", "--log-path", directory.path, "--log-level", "debug"],
  });
  const admin = await adminUrl(proxy);
  proxy.stallStdout();
  const dropped = '{sink="stdout"}';
  for (let i = 0; i < 120; i++) {
    const headers: [string, string][] = [["Host", "localhost"], ...MUCH];
    assert.equal((await request({ port: proxy.port, target: "/v1/models", headers })).status, 200);
  }
  const lost = (values: ReadonlyMap<string, number>) => (values.get(dropped) ?? 0) > 0;
  await untilMetric(admin, "claude_proxy_log_lines_dropped_total", lost);
  await proxy.waitForLine(/standard output: cannot be written: the reader does not keep up/);

  proxy.resumeStdout();
  const [, count] = await proxy.waitForLine(/log lines dropped.* count=(\d+)/);
  proxy.signal("SIGTERM");
  assert.equal(await proxy.exit(), 0);
  const inFile = directory.names().map((name) => directory.read(name)).join("").split("\n").length;
  const onStdout = proxy.stdout.length + 1;
  assert.equal(onStdout + Number(count), inFile, "the file has every line");
});

Deno.test("the program ends though nobody reads its stdout", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, args: ["--verbose"] });
  proxy.stallStdout();
  for (let i = 0; i < 40; i++) {
    await request({ port: proxy.port, headers: [["Host", "localhost"], ...MUCH] });
  }
  proxy.signal("SIGTERM");
  await proxy.waitForLine(/standard output: cannot be written/);
  proxy.resumeStdout();
  assert.equal(await proxy.exit(), 0);
});
