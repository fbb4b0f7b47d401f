import assert from "node:assert/strict";
import { formatRequest, type RawClient } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import type { ProxyProcess } from "../kit/process/proxy_process.ts";
import { connectionTo } from "../kit/process/worker_connection.ts";
import { deaths, startWorkers } from "./workers/worker_program.ts";

const MEBIBYTE = 2 ** 20;
const LIMIT = 384 * MEBIBYTE;

/** An upstream whose `/stream` never ends by itself. */
function startUpstream(): RawUpstream {
  return RawUpstream.start(async (exchange) => {
    if (exchange.request.target !== "/stream") return await exchange.respond();
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    await exchange.writeChunk("begun ");
    await exchange.peerClosed(60_000);
  });
}

function start(upstream: RawUpstream): Promise<ProxyProcess> {
  return startWorkers("./hoarding_worker.ts", {
    upstreamUrl: upstream.url,
    args: ["--workers", "2", "--memory-limit", String(LIMIT)],
  });
}

/** Connections to a worker, each with a stream that runs. */
async function streams(worker: string, count: number, proxy: ProxyProcess): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  while (clients.length < count) {
    const client = await connectionTo(worker, proxy);
    await client.write(formatRequest({ target: "/stream" }));
    await client.readHead();
    clients.push(client);
  }
  return clients;
}

async function ask(client: RawClient, target: string): Promise<number> {
  await client.write(formatRequest({ target }));
  return (await client.readResponse()).status;
}

Deno.test({
  name: "above memory_limit the worker with the most requests is replaced, and the other goes on",
  ignore: Deno.build.os !== "linux", // Resident memory is read from /proc.
  fn: async () => {
    await using upstream = startUpstream();
    await using proxy = await start(upstream);
    const [one, two] = [await streams("1", 1, proxy), await streams("2", 3, proxy)];
    using other = await connectionTo("1", proxy);
    using hoarding = await connectionTo("2", proxy);
    assert.ok(proxy.rssBytes() < LIMIT);
    assert.equal(await ask(hoarding, "/hold/350"), 200);
    await proxy.waitForLine(
      /worker died.* worker=2 .*exceed memory_limit.*than its 3 requests/,
      20_000,
    );
    assert.equal(await ask(other, "/v1/models"), 200);
    await new Promise((later) => setTimeout(later, 4_500));
    assert.equal(deaths(proxy).length, 1, "once was enough");
    assert.ok(proxy.rssBytes() < LIMIT, `${proxy.rssBytes()} bytes are held`);
    assert.equal(await ask(other, "/v1/models"), 200);
    for (const client of [...one, ...two]) client.close();
  },
});

Deno.test({
  name:
    "memory that grows in a thread that does not end ends the process at once, to be started again",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using upstream = startUpstream();
    await using proxy = await start(upstream);
    const others = await streams("1", 2, proxy);
    using growing = await connectionTo("2", proxy);
    await growing.write(formatRequest({ target: "/grow" }));
    await proxy.waitForLine(
      /worker died.* worker=2 .*exceed memory_limit.*been silent for/,
      20_000,
    );
    const died = performance.now();
    await proxy.waitForLine(/a dead worker's thread goes on.* worker=2 .*urgent=true/);
    await proxy.waitForLine(/draining .*timeout_seconds=0/);
    assert.equal(await proxy.exit(), 70);
    assert.ok(performance.now() - died < 6_000);
    for (const client of others) client.close();
  },
});
