import assert from "node:assert/strict";
import { freePort } from "../kit/process/free_port.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";

const UPSTREAM = { upstreamUrl: "http://127.0.0.1:9" };
const WARNING = /level=warn.* msg="whoever reaches V8's inspector .* address=127\.0\.0\.1:(\d+)$/;

Deno.test("a start with --inspect warns, and tells where", async () => {
  const port = freePort();
  await using proxy = await ProxyProcess.start({
    ...UPSTREAM,
    permissions: ["--allow-net", "--allow-read", `--inspect=127.0.0.1:${port}`],
  });
  assert.equal((await proxy.waitForLine(WARNING))[1], String(port));
});

Deno.test("a start without --inspect says nothing of an inspector", async () => {
  await using proxy = await ProxyProcess.start(UPSTREAM);
  proxy.signal("SIGTERM");
  await proxy.exit();
  assert.doesNotMatch(proxy.stdout.join("\n"), /inspector/);
});
