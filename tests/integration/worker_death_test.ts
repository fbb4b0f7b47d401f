import assert from "node:assert/strict";
import { workerPermissions } from "../../src/supervisor/worker_permissions.ts";
import { WorkerPool } from "../../src/supervisor/worker_pool.ts";
import type { Exchange } from "../kit/http1/exchange.ts";
import { formatRequest, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { workerConfig } from "../kit/process/worker_config.ts";
import { connectionTo } from "../kit/process/worker_connection.ts";
import { deaths, startWorkers } from "./workers/worker_program.ts";

/** Sends requests, each on a connection of its own, until `done` says so. */
async function requestUntil(port: number, target: string, done: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!done()) {
    assert.ok(performance.now() < deadline, `still not done after requests to ${target}`);
    await request({ port, target }).catch((error) => {
      // A worker that dies takes along the connections it has, and those it was about to accept.
      const cut = error instanceof Deno.errors.UnexpectedEof ||
        error instanceof Deno.errors.ConnectionReset;
      if (!cut) throw error;
    });
  }
}

Deno.test("a worker that dies is replaced, later each time, while the other serves on", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await startWorkers("./mortal_worker.ts", {
    upstreamUrl: upstream.url,
  });
  using other = await connectionTo("2", proxy);
  for (let death = 1; death <= 4; death++) {
    await requestUntil(proxy.port, "/die/1", () => deaths(proxy).length === death);
    await other.write(formatRequest({ target: "/v1/models" }));
    assert.equal((await other.readResponse()).status, 200);
  }
  const reason = "Uncaught Error: a fault of the request path";
  assert.deepEqual(
    deaths(proxy),
    ["100", "200", "400", "800"].map((restartMs) => ["1", reason, restartMs]),
  );
  const dead = proxy.stdout.length;
  const isBack = () =>
    proxy.stdout.slice(dead).some((line) => /(?=.*path=\/back\b).*worker=1\b/.test(line));
  await requestUntil(proxy.port, "/back", isBack);
  proxy.signal("SIGTERM");
  assert.equal(await proxy.exit(), 0);
});

Deno.test("one that dies while it starts is replaced by one, after a second where it was alone", async () => {
  const fates = ["listen", "throw", "throw", "fail", "throw", "throw", "listen"];
  const settled = Promise.withResolvers<void>();
  await using upstream = RawUpstream.start(async (exchange: Exchange) => {
    const fate = fates.shift();
    if (fate !== undefined) return await exchange.respond({ body: fate });
    settled.resolve();
    await exchange.peerClosed();
  });
  const deaths: string[] = [];
  const pool = poolOf("./workers/fated_worker.ts", upstream.url, deaths);
  await pool.start();
  await settled.promise;
  pool.stop();
  assert.deepEqual(deaths, [
    "Uncaught (in promise) Error: fated to throw, 100 ms",
    "Uncaught (in promise) Error: fated to throw, 200 ms",
    "fated to fail, 400 ms",
    "Uncaught (in promise) Error: fated to throw, 800 ms",
    "Uncaught (in promise) Error: fated to throw, 1000 ms",
  ]);
});

type Ask = (pool: WorkerPool) => Promise<void>;

/** What is asked of a worker that cannot do it, and what becomes of it. */
const questions: [what: string, ask: Ask, death: string[]][] = [
  [
    "a reload that fails in a worker",
    (pool) => pool.reload(workerConfig("http://127.0.0.1:9")),
    ["RangeError: too much asked, 100 ms"],
  ],
  [
    "a certificate that a worker dies of",
    (pool) => pool.useCertificate({ cert: "", key: "" }),
    ["Uncaught Error: died of a question, 100 ms"],
  ],
  ["a drain that a worker dies of", (pool) => pool.drain(), []],
  ["a cut-off that a worker dies of", (pool) => pool.cutOff(), [
    "Uncaught Error: died of a question, 100 ms",
  ]],
];

for (const [what, ask, death] of questions) {
  Deno.test(`${what} holds up nobody`, async () => {
    const deaths: string[] = [];
    const pool = poolOf("./workers/frail_worker.ts", "http://127.0.0.1:9", deaths);
    await pool.start();
    await ask(pool);
    pool.stop();
    assert.deepEqual(deaths, death);
  });
}

const unanswered: [verb: string, ask: Ask][] = [
  ["reload", (pool) => pool.reload(workerConfig("http://127.0.0.1:9"))],
  ["certificate", (pool) => pool.useCertificate({ cert: "", key: "" })],
];

for (const [verb, ask] of unanswered) {
  Deno.test(`a ${verb} that a living worker never answers ends it, and the next is not held up`, async () => {
    const deaths: string[] = [];
    const pool = poolOf("./workers/deaf_worker.ts", "http://127.0.0.1:9", deaths, 300);
    await pool.start();
    await ask(pool);
    await ask(pool); // Nobody is there before the restart.
    pool.stop();
    assert.deepEqual(deaths, [`TimeoutError: no answer to ${verb} within 300 ms, 100 ms`]);
  });
}

/** One worker of a module beside this one. */
function poolOf(
  module: string,
  upstreamUrl: string,
  deaths: string[],
  patienceMs?: number,
): WorkerPool {
  const config = workerConfig(upstreamUrl);
  return new WorkerPool({
    count: 1,
    module: new URL(module, import.meta.url),
    config,
    permissions: workerPermissions(config),
    credential: () => undefined,
    supervisor: () => ({
      requests() {},
      credential() {},
      certificateRefused() {},
      listenerLost() {},
    }),
    ...(patienceMs !== undefined && { patienceMs }),
    onDeath: ({ reason, restartMs }) => deaths.push(`${reason}, ${restartMs} ms`),
  });
}
