import assert from "node:assert/strict";
import type { Exchange } from "../kit/http1/exchange.ts";
import { freePort } from "../kit/process/free_port.ts";
import type { ProxyOptions, ProxyProcess } from "../kit/process/proxy_process.ts";
import { formatRequest, type RawClient, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { TemporaryDirectory } from "../kit/process/temporary_directory.ts";
import { connectionTo } from "../kit/process/worker_connection.ts";
import { deaths, startWorkers } from "./workers/worker_program.ts";

const MODULE = "./freezing_worker.ts";
/** Milliseconds: many times what a healthy worker takes on a busy machine. */
const PATIENCE = 3_000;

/** An upstream whose `/stream` goes on until it may finish, or until its client has left. */
function startUpstream(finished?: Promise<void>): RawUpstream {
  return RawUpstream.start(async (exchange: Exchange) => {
    if (exchange.request.target !== "/stream") return await exchange.respond({ body: "ok" });
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    await exchange.writeChunk("begun ");
    if (finished === undefined) return void await exchange.peerClosed(60_000);
    await finished;
    await exchange.writeChunk("finished");
    await exchange.writeChunk();
  });
}

/** Has a client's worker freeze, and returns when. */
async function freeze(client: RawClient, how: string): Promise<number> {
  await client.write(formatRequest({ target: `/freeze/${how}` }));
  return performance.now();
}

/** Waits until the log tells of so many deaths. */
function died(proxy: ProxyProcess, count = 1): Promise<string[][]> {
  return proxy.waitForStdout(() => {
    const died = deaths(proxy);
    return died.length >= count ? died : undefined;
  });
}

/**
 * Waits for a connection to the worker that replaces number 1. Until the thread before it is gone, its
 * listener still takes connections, and they are reset at its end.
 */
async function replaced(proxy: ProxyProcess): Promise<RawClient> {
  for (;;) {
    try {
      return await connectionTo("1", proxy);
    } catch (error) {
      if (!(error instanceof Deno.errors.UnexpectedEof)) throw error;
    }
  }
}

/** A request must be answered at once. */
async function assertServed(client: RawClient): Promise<void> {
  await client.write(formatRequest({ target: "/v1/models" }));
  assert.equal((await client.readResponse({ deadlineMs: 1_000 })).status, 200);
}

for (
  const [name, how] of [
    ["that is frozen in the runtime for a while", String(PATIENCE * 1.5)],
    ["that closes itself", "closed"],
  ] as const
) {
  Deno.test(`a worker ${name} is silent, and replaced; streams on the other go on`, async () => {
    const finished = Promise.withResolvers<void>();
    await using upstream = startUpstream(finished.promise);
    await using proxy = await startWorkers(MODULE, { upstreamUrl: upstream.url }, PATIENCE);
    using streaming = await connectionTo("2", proxy);
    await streaming.write(formatRequest({ target: "/stream" }));
    const body = streaming.bodyOf(await streaming.readHead());
    using other = await connectionTo("2", proxy);
    using client = await connectionTo("1", proxy);
    await freeze(client, how);
    for (let count = 0; count < 10; count++) await assertServed(other);
    assert.deepEqual(await died(proxy), [["1", "worker silent for 3 s", "100"]]);
    (await replaced(proxy)).close();
    finished.resolve();
    assert.equal(new TextDecoder().decode((await body.readAll()).bytes), "begun finished");
    await new Promise((later) => setTimeout(later, PATIENCE));
    assert.equal(deaths(proxy).length, 1);
    proxy.signal("SIGTERM");
    assert.equal(await proxy.exit(), 0);
  });
}

Deno.test("after a stop of the whole process nobody is silent", async () => {
  await using upstream = startUpstream();
  await using proxy = await startWorkers(MODULE, { upstreamUrl: upstream.url }, PATIENCE);
  using client = await connectionTo("1", proxy);
  for (let count = 0; count < 2; count++) {
    await freeze(client, String(PATIENCE / 2)); // So that it owes an answer when all stops.
    await new Promise((later) => setTimeout(later, PATIENCE / 4));
    proxy.signal("SIGSTOP");
    await new Promise((later) => setTimeout(later, 2 * PATIENCE));
    proxy.signal("SIGCONT");
    assert.equal((await client.readResponse()).status, 200);
    await assertServed(client);
    await new Promise((later) => setTimeout(later, PATIENCE / 3));
  }
  assert.deepEqual(deaths(proxy), []);
});

Deno.test("a thread that goes on in JavaScript ends the process, to be started again", async () => {
  await using upstream = startUpstream();
  await using proxy = await startWorkers(MODULE, { upstreamUrl: upstream.url });
  using streaming = await connectionTo("2", proxy);
  await streaming.write(formatRequest({ target: "/stream" }));
  await streaming.readHead();
  using client = await connectionTo("1", proxy);
  const frozen = await freeze(client, "loop");
  await proxy.waitForLine(/reason="worker silent for 10 s"/, 20_000);
  const silent = performance.now() - frozen;
  assert.ok(silent > 9_000 && silent < 14_000, `replaced after ${silent} ms`);
  await proxy.waitForLine(/a dead worker's thread goes on.* worker=1 /, 20_000);
  await proxy.waitForLine(/draining .*worker=1 .*timeout_seconds=10/);
  assert.equal(await proxy.exit(20_000), 70);
  assert.match(proxy.stdout.at(-1) ?? "", /msg=stopped exit_code=70$/);
  const whole = performance.now() - frozen;
  assert.ok(whole < 40_000, `exited after ${whole} ms`);
});

Deno.test("a reload reaches the others at once, though one worker is frozen, and later ones work", async () => {
  await using upstream = startUpstream();
  using directory = new TemporaryDirectory();
  const write = (keys: string) =>
    Deno.writeTextFileSync(
      directory.join("config.toml"),
      `upstream_url = "${upstream.url}"
       client_api_key = ${keys}
       [upstream_auth]
       type = "api_key"
       api_key = "upstream-key"`,
    );
  write('["kept-key", "stolen-key"]');
  await using proxy = await startWorkers(MODULE, {
    configFile: directory.join("config.toml"),
  }, PATIENCE);
  using other = await connectionTo("2", proxy);
  using client = await connectionTo("1", proxy);
  await freeze(client, String(PATIENCE * 1.5));
  const status = async (key: string) => {
    await other.write(formatRequest({
      target: "/v1/models",
      headers: [["Host", "localhost"], ["X-Api-Key", key]],
    }));
    return (await other.readResponse()).status;
  };
  assert.equal(await status("stolen-key"), 200);
  write('"kept-key"');
  proxy.signal("SIGHUP");
  const asked = performance.now();
  while (await status("stolen-key") !== 401) {
    assert.ok(performance.now() - asked < PATIENCE / 2, "the key is still accepted");
  }
  assert.deepEqual(deaths(proxy), []);
  await proxy.waitForLine(/settings reloaded.* changed=client_api_key/);
  assert.deepEqual(deaths(proxy).map(([worker]) => worker), ["1"]);
  write('"another-key"');
  proxy.signal("SIGHUP");
  await proxy.waitForStdout((lines) =>
    lines.filter((line) => line.includes("settings reloaded")).length === 2 || undefined
  );
  assert.deepEqual([await status("kept-key"), await status("another-key")], [401, 200]);
  using fresh = await replaced(proxy);
  await assertServed(fresh);
});

Deno.test("a frozen worker holds up the end for its patience, not for shutdown_timeout", async () => {
  await using upstream = startUpstream();
  await using proxy = await startWorkers(MODULE, { upstreamUrl: upstream.url }, PATIENCE);
  using client = await connectionTo("1", proxy);
  await freeze(client, "loop");
  await request({ port: proxy.port }).catch(() => {});
  proxy.signal("SIGTERM");
  const asked = performance.now();
  assert.equal(await proxy.exit(), 0);
  assert.ok(performance.now() - asked < 2 * PATIENCE);
});

Deno.test("a lost thread takes new connections from a successor, so its process ends soon", async () => {
  await using upstream = startUpstream();
  using directory = new TemporaryDirectory();
  const port = freePort();
  const options: ProxyOptions = {
    upstreamUrl: upstream.url,
    port,
    args: ["--workers", "2", "--state-dir", directory.path],
    permissions: [
      "--allow-net",
      "--allow-read",
      `--allow-write=${directory.path}`,
      "--allow-env=WORKER_MODULE,PATIENCE_MS",
    ],
  };
  await using first = await startWorkers(MODULE, options, PATIENCE);
  using streaming = await connectionTo("2", first);
  await streaming.write(formatRequest({ target: "/stream" }));
  await streaming.readHead();
  using client = await connectionTo("1", first);
  await using _second = await startWorkers(MODULE, options, PATIENCE);
  await freeze(client, "loop");
  await first.waitForLine(/draining reason=successor/);
  await first.waitForLine(/a dead worker's thread goes on.* worker=1 /, 20_000);
  assert.equal(await first.exit(2 * PATIENCE + 2_000), 0);
});
