import assert from "node:assert/strict";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { formatRequest } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { connectionTo } from "../kit/process/worker_connection.ts";

Deno.test("two workers serve one port, each logs what it served, and both let streams end", async () => {
  const finished = Promise.withResolvers<void>();
  await using upstream = RawUpstream.start(async (exchange) => {
    if (!exchange.request.target.startsWith("/stream")) {
      return await exchange.respond({ body: "x" });
    }
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    await exchange.writeChunk("begun");
    await finished.promise;
    await exchange.writeChunk("finished");
    await exchange.writeChunk();
  });
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--workers", "2"],
  });
  const workers = ["1", "2"];
  const clients = await Promise.all(workers.map((worker) => connectionTo(worker, proxy)));
  const bodies = await Promise.all(clients.map(async (client, index) => {
    await client.write(formatRequest({ target: `/stream/${index + 1}` }));
    return client.bodyOf(await client.readHead());
  }));
  proxy.signal("SIGTERM");
  await proxy.waitForLine(/draining/);
  finished.resolve();
  for (const body of bodies) {
    assert.equal(new TextDecoder().decode((await body.readAll()).bytes), "begunfinished");
  }
  assert.equal(await proxy.exit(), 0);
  for (const worker of workers) {
    const line = new RegExp(`(?=.*path=/stream/${worker}\\b).*worker=${worker}\\b`);
    assert.ok(proxy.stdout.some((text) => line.test(text)), proxy.stdout.join("\n"));
  }
});
