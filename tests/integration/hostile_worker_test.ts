import assert from "node:assert/strict";
import { join } from "node:path";
import { digestKey } from "../../src/clients/identify.ts";
import { workerPermissions } from "../../src/supervisor/worker_permissions.ts";
import { freePort } from "../kit/process/free_port.ts";
import { FakeEntra } from "../kit/servers/fake_entra.ts";
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
    const told = proxy.stdout.filter((line) => line.includes("method=ECHO")).map(decoded);
    return told.join("\n");
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

/** Each would once have ended the whole process; what else there is, `tests/unit/ipc` tries. */
const LIES: unknown[] = [
  null,
  { name: "requests", argument: { inFlight: 1 } },
  { name: "requests", argument: { inFlight: 1, webSockets: 0, records: [null] } },
  {
    name: "requests",
    argument: { inFlight: 1, webSockets: 0, records: [{ code: 7, dialect: {} }] },
  },
];

Deno.test("whatever a worker says, it ends itself and not the supervisor", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await startWorkers("./lying_worker.ts", {
    upstreamUrl: upstream.url,
    args: ["--workers", "1"],
  });
  for (const lie of LIES) {
    const target = `/post/${encodeURIComponent(JSON.stringify(lie))}`;
    const before = proxy.stdout.length;
    const answered = request({ port: proxy.port, target }).catch(() => {});
    await proxy.waitForStdout((lines) =>
      lines.slice(before).find((line) => /worker died.*reason="protocol violation/.test(line))
    );
    await answered;
    await untilServed(proxy);
  }
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

/** A line of the echoing worker, what it was told made readable. */
function decoded(line: string): string {
  return line.replace(
    /(?<=detail=)[0-9a-f]+$/,
    (hex) => new TextDecoder().decode(Uint8Array.fromHex(hex)),
  );
}
