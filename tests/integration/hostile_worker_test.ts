import assert from "node:assert/strict";
import { join } from "node:path";
import { digestKey } from "../../src/clients/identify.ts";
import { workerPermissions } from "../../src/supervisor/worker_permissions.ts";
import { freePort } from "../kit/process/free_port.ts";
import { FakeEntra } from "../kit/servers/fake_entra.ts";
import { adminUrl, untilMetric } from "../kit/process/admin.ts";
import { type ProxyOptions, ProxyProcess } from "../kit/process/proxy_process.ts";
import { workerConfig } from "../kit/process/worker_config.ts";
import { APPLICATION, TENANT } from "./azure_proxy.ts";
import { request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import type { Outcomes, Targets } from "./workers/hostile_worker.ts";
import { startWorkers } from "./workers/worker_program.ts";

/** The paths of the program and of its directory are no secret; what is behind them is out of reach. */
const ALLOWED = [
  "listen where it may",
  "reach the upstream",
  "ask for the process's path",
  "ask for the working directory",
];

/** A refused `import()` rejects with a TypeError, and a refused look-up of node:net with EPERM. */
const REFUSED =
  /^(NotCapable: |TypeError: Requires (import|read) access |Error: getaddrinfo EPERM )/;

Deno.test("code in a worker's realm can do nothing but listen and reach the upstream", async () => {
  await using upstream = RawUpstream.start();
  await using neighbour = RawUpstream.start();
  const directory = await Deno.makeTempDir();
  try {
    const configFile = join(directory, "config.toml");
    await Deno.writeTextFile(configFile, `client_api_key = "canary"`);
    const module = join(directory, "module.json");
    await Deno.writeTextFile(module, "{}");
    const outcomes = await tryAll({
      listen: { hostname: "127.0.0.1", port: freePort() },
      upstream: `127.0.0.1:${upstream.port}`,
      elsewhere: [
        `127.0.0.1:${neighbour.port}`,
        `localhost:${upstream.port}`,
        "169.254.169.254:80",
        "login.microsoftonline.com:443",
      ],
      files: ["/etc/passwd", configFile],
      newFile: join(directory, "new"),
      module,
    });
    for (const [attempt, outcome] of Object.entries(outcomes)) {
      if (ALLOWED.includes(attempt)) assert.equal(outcome, "allowed", attempt);
      else assert.match(outcome, REFUSED, attempt);
    }
    assert.equal(neighbour.connectionCount, 0);
    assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name).sort(), [
      "config.toml",
      "module.json",
    ]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

/** Runs the hostile module with exactly the permissions of a request worker. */
function tryAll(targets: Targets): Promise<Outcomes> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcomes>();
  const worker = new Worker(new URL("./workers/hostile_worker.ts", import.meta.url), {
    type: "module",
    deno: {
      permissions: workerPermissions(
        workerConfig(`http://${targets.upstream}`, { listen: targets.listen }),
      ),
    },
  });
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => reject(new Error(event.message));
  worker.postMessage(targets);
  return promise.finally(() => worker.terminate());
}

/** Everything the supervisor tells a worker from start to drain, as one text. */
async function toldToWorkers(toml: string, more: ProxyOptions): Promise<string> {
  const directory = await Deno.makeTempDir();
  const configFile = join(directory, "canary-of-the-path.toml");
  await Deno.writeTextFile(configFile, toml.replaceAll("DIRECTORY", directory));
  try {
    await using proxy = await ProxyProcess.start({
      upstreamUrl: "http://127.0.0.1:1",
      configFile,
      entry: "tests/integration/workers/program.ts",
      args: ["--workers", "1"],
      ...more,
      env: { WORKER_MODULE: "./echoing_worker.ts", ...more.env },
    });
    await proxy.waitForLine(more.upstreamKey === null ? /path=\/credential/ : /path=\/start/);
    proxy.signal("SIGTERM");
    assert.equal(await proxy.exit(), 0);
    return decoded(proxy.stdout.filter((line) => line.includes("method=ECHO")));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function assertTold(told: string, known: string[], unknown: string[]): void {
  for (const text of known) assert.ok(told.includes(text), `${text} in ${told}`);
  for (const text of unknown) assert.ok(!told.includes(text), `${text} in ${told}`);
}

const CLIENT_DIGEST = digestKey("canary-of-the-client");

Deno.test("workers are told the upstream's key and digests of the clients', and no other secret", async () => {
  const told = await toldToWorkers(
    `client_api_key = "canary-of-the-client"
     [upstream_auth]
     type = "api_key"
     api_key = "canary-of-the-upstream"`,
    {
      permissions: [
        "--allow-net",
        "--allow-read",
        "--allow-env=WORKER_MODULE,PATIENCE_MS,CLAUDE_PROXY_*",
      ],
    },
  );
  assertTold(
    told,
    ["canary-of-the-upstream", CLIENT_DIGEST, "path=/drain"],
    ["canary-of-the-client", "canary-of-the-path"],
  );
});

Deno.test("workers are told the token, but neither the secret it comes from nor anything of ACME", async () => {
  await using entra = await FakeEntra.start();
  const told = await toldToWorkers(
    `client_api_key = "canary-of-the-client"
     [upstream_auth]
     type = "azure_ad"
     tenant_id = "${TENANT}"
     client_id = "${APPLICATION}"
     client_secret = "canary-of-the-secret"
     authority_host = "${entra.url}"
     [tls]
     mode = "acme"
     email = "canary@example.com"
     domains = ["proxy.example.com"]
     https_port = 0
     http_challenge_port = ${freePort()}
     directory_url = "https://127.0.0.1:1/directory"
     cache_dir = "DIRECTORY/canary-of-the-cache"
     eab_kid = "canary-of-the-kid"
     eab_hmac_key = "Y2FuYXJ5LW9mLXRoZS1obWFj"`,
    { upstreamKey: null, permissions: ["-A"], env: entra.env },
  );
  assertTold(
    told,
    ["token-1", CLIENT_DIGEST, "BEGIN CERTIFICATE"],
    [
      "canary-of-the-client",
      "canary-of-the-secret",
      "canary-of-the-cache",
      "canary-of-the-kid",
      "Y2FuYXJ5LW9mLXRoZS1obWFj",
      "canary@example.com",
    ],
  );
});

const event = (name: string, argument: unknown) =>
  encodeURIComponent(JSON.stringify({ name, argument }));
const report = (records: unknown) =>
  event("requests", { inFlight: 1, webSockets: 0, lost: 0, records });

/** What a worker can be made to say; what else there is, `tests/unit/ipc` tries. */
const LIES: [target: string, reason: string][] = [
  // Each of these would once have ended the whole process.
  ["/post/1/null", "a message that is no object"],
  [`/post/1/${event("requests", { inFlight: 1 })}`, "requests: expected a count"],
  [`/post/1/${report([null])}`, "requests: expected an object"],
  [`/post/1/${report([{ code: 7, dialect: {} }])}`, "requests: expected a number"],
  // And these would have filled its memory, its log or its time.
  ["/long/100000000", "requests: expected a shorter text"],
  [`/post/10/${report([])}`, "requests: it did not wait"],
  [
    `/post/30000/${event("credential", { type: "credential_wanted" })}`,
    "credential: expected fewer messages",
  ],
  [`/post/500/${event("listenerLost", "a lie")}`, "listenerLost: expected fewer messages"],
  ["/post/5000/%7B%22id%22%3A1%7D", "an answer to no call"],
];

Deno.test("whatever a worker says, and however often, it ends itself and not the supervisor", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await startWorkers("./lying_worker.ts", {
    upstreamUrl: upstream.url,
    args: ["--workers", "1", "--admin-port", "0"],
  });
  const admin = await adminUrl(proxy);
  const series = async () =>
    (await (await fetch(`${admin}/metrics`)).text()).replaceAll(/ \S+$/gm, "");
  await untilServed(proxy);
  await untilMetric(admin, "claude_proxy_requests_total", ({ size }) => size === 1);
  const before = await series();
  for (const [target, reason] of LIES) {
    const lines = proxy.stdout.length;
    const answered = request({ port: proxy.port, target }).catch(() => {});
    const died = await proxy.waitForStdout((all) =>
      all.slice(lines).find((line) => /worker died.*reason="protocol violation/.test(line))
    );
    assert.ok(died.includes(reason), `${reason} in ${died}`);
    await answered;
    await untilServed(proxy);
    const said = proxy.stdout.slice(lines).filter((line) => line.includes("a lie"));
    assert.ok(said.length <= 110, `${said.length} lines of one worker`);
  }
  assert.equal(await series(), before, "what a worker says makes no metric");
  const longest = Math.max(...proxy.stdout.map(({ length }) => length));
  assert.ok(longest < 4_096, `a line of ${longest} characters`);
  proxy.signal("SIGTERM");
  assert.equal(await proxy.exit(), 0);
});

/** Until a worker has replaced the last that died. */
async function untilServed({ port }: ProxyProcess): Promise<void> {
  const deadline = performance.now() + 10_000;
  while ((await request({ port }).catch(() => undefined))?.status !== 200) {
    assert.ok(performance.now() < deadline, "no worker replaces the one that died");
  }
}

/** Lines of the echoing worker, and what it was told, which goes over several of them. */
function decoded(lines: readonly string[]): string {
  const pieces = lines.map((line) => /(?<=detail=)[0-9a-f]+$/.exec(line)?.[0] ?? "");
  return [...lines, new TextDecoder().decode(Uint8Array.fromHex(pieces.join("")))].join("\n");
}
