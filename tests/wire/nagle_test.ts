import assert from "node:assert/strict";
import { programTest } from "../kit/process/programs.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { RawClient } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

/**
 * A known limit (see the README), here so that an upgrade of Deno that ends it, or a new option of
 * `createHttpClient`, is noticed: https://github.com/denoland/deno/pull/35581.
 */
programTest({
  name: "44 fetch leaves Nagle's algorithm on, as the README says; Deno.serve turns it off",
  needs: [{ program: "strace", install: "apt-get install strace" }],
  fn: async () => {
    await using upstream = RawUpstream.start();
    const trace = await Deno.makeTempFile();
    try {
      const deno = [Deno.execPath(), "run", "--no-prompt", "--cached-only", "-A", "main.ts"];
      await using proxy = await ProxyProcess.start({
        upstreamUrl: upstream.url,
        command: ["strace", "-D", "-f", "-e", "trace=setsockopt", "-o", trace, ...deno],
        cwd: new URL("../../", import.meta.url).pathname,
      });
      using client = await RawClient.connect({ port: proxy.port });
      await client.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
      assert.equal((await client.readResponse()).status, 200);
      const options = (await Deno.readTextFile(trace)).match(/TCP_NODELAY, \[\d\]/g);
      assert.deepEqual(options, ["TCP_NODELAY, [1]", "TCP_NODELAY, [0]"]);
    } finally {
      await Deno.remove(trace);
    }
  },
});
