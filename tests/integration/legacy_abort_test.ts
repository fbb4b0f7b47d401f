import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { RequestServer } from "../../src/worker/server.ts";
import type { RequestRecord } from "../../src/ipc/messages.ts";
import { proxyDeps } from "../../src/worker/proxy_deps.ts";
import deno from "../../deno.json" with { type: "json" };
import { freePort } from "../kit/process/free_port.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { HELD_KEY, workerConfig } from "../kit/process/worker_config.ts";
import { formatRequest, RawClient } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

// Deno 2.9.6 starts a compiled program with `no_legacy_abort: false`, whatever deno.json says. Such
// a program cannot be made where the tests run, but the same can be had from `deno run`.
Deno.test("with request signals as in a compiled program, messages cross whole on one connection", async () => {
  const config = await Deno.makeTempFile({ suffix: ".json" });
  try {
    const unstable = deno.unstable.filter((feature) => feature !== "no-legacy-abort");
    const lock = { ...deno.lock, path: fileURLToPath(new URL("../../deno.lock", import.meta.url)) };
    await Deno.writeTextFile(config, JSON.stringify({ ...deno, unstable, lock }));
    await using upstream = RawUpstream.start(async (exchange) => {
      const { bytes } = await exchange.request.readBody();
      await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
      await exchange.writeChunk(bytes);
      await exchange.writeChunk("event: ping\n\n");
      await exchange.writeChunk();
    });
    await using proxy = await ProxyProcess.start({
      upstreamUrl: upstream.url,
      denoConfig: config,
      args: ["--workers", "1"],
    });
    using client = await RawClient.connect({ port: proxy.port });
    for (let count = 0; count < 20; count++) {
      const body = `${count}`.repeat(70_000);
      const headers: [string, string][] = [["Host", "a"], ["Content-Length", `${body.length}`]];
      await client.write(formatRequest({ method: "POST", headers, body }));
      const response = await client.readResponse({ method: "POST" });
      assert.equal(new TextDecoder().decode(response.bytes), `${body}event: ping\n\n`);
      assert.equal(response.ended, "complete");
    }
    assert.equal(upstream.connectionCount, 1);
    assert.match(proxy.stderr.join("\n"), /legacy behavior/, "else this test tests nothing");
  } finally {
    await Deno.remove(config);
  }
});

for (const abortTellsDeparture of [true, false]) {
  Deno.test(
    `a client that leaves is ${abortTellsDeparture ? "" : "not "}logged where a signal ${
      abortTellsDeparture ? "tells" : "cannot tell"
    } it`,
    async () => {
      await using upstream = RawUpstream.start(async (exchange) => {
        await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
        await exchange.writeChunk("begun");
        await exchange.peerClosed();
      });
      const recorded = Promise.withResolvers<RequestRecord>();
      const port = freePort();
      const config = workerConfig(upstream.url, {
        listen: { hostname: "127.0.0.1", port },
        abortTellsDeparture,
      });
      const server = new RequestServer({
        config,
        deps: proxyDeps(config, HELD_KEY),
        onInFlight: () => {},
        onRecord: recorded.resolve,
        onListenerLost: recorded.reject,
        onUnrecovered: recorded.reject,
      });
      const client = await RawClient.connect({ port });
      await client.write(formatRequest({}));
      await client.readHead();
      client.close();
      const { aborted } = await recorded.promise;
      assert.equal(aborted, abortTellsDeparture ? "client" : undefined);
      await server.drain();
      await server.close();
    },
  );
}
