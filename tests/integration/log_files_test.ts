import assert from "node:assert/strict";
import { type ProxyOptions, ProxyProcess } from "../kit/process/proxy_process.ts";
import { programTest } from "../kit/process/programs.ts";
import { RawClient, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { TemporaryDirectory } from "../kit/process/temporary_directory.ts";

/** Where the clock of the program under `faketime` starts. */
const STARTED = "2026-01-31 23:59:52";
const DAILY_NAME = /^claude-proxy\.\d{4}-\d{2}-\d{2}\.log$/;

/** The options of a proxy that logs to a directory. */
function loggingTo(
  directory: string,
  upstream: RawUpstream,
  options: ProxyOptions = {},
): ProxyOptions {
  return {
    upstreamUrl: upstream.url,
    permissions: ["--allow-net", "--allow-read", `--allow-write=${directory}`],
    ...options,
    args: ["--log-path", directory, ...options.args ?? []],
  };
}

const get = (proxy: ProxyProcess, target = "/v1/models") => request({ port: proxy.port, target });

/** Every access record in the files of a directory. */
function accessLines(directory: TemporaryDirectory): string[] {
  return directory.names().flatMap((name) => directory.read(name).split("\n"))
    .filter((line) => line.includes("claude-proxy.access"));
}

Deno.test("lines go to stdout and to a file of the day, and SIGTERM loses none of them", async () => {
  using directory = new TemporaryDirectory();
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start(loggingTo(directory.path, upstream));
  await Promise.all(Array.from({ length: 100 }, (_, i) => get(proxy, `/v1/${i}`)));
  proxy.signal("SIGTERM");
  assert.equal(await proxy.exit(), 0);
  const names = directory.names();
  assert.equal(names.length, 1);
  assert.match(names[0]!, DAILY_NAME);
  assert.deepEqual(directory.read(names[0]!).trimEnd().split("\n"), proxy.stdout);
  assert.equal(accessLines(directory).length, 100);
  assert.match(proxy.stdout.at(-1) ?? "", /msg=stopped/);
});

Deno.test("an access record says what became of a request, in JSON with stable keys", async () => {
  using directory = new TemporaryDirectory();
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    await exchange.respond({ status: 529, headers: [["Request-Id", "req_42"]], body: "{}" });
  });
  const args = ["--log-format", "json", "--log-prefix", "proxy", "--log-rotation", "hourly"];
  await using proxy = await ProxyProcess.start(loggingTo(directory.path, upstream, { args }));
  await request({
    port: proxy.port,
    method: "POST",
    target: "/anthropic/v1/messages?beta=hidden",
    headers: [
      ["Host", "localhost"],
      ["Content-Length", "2"],
      ["X-Request-Id", "mine-1"],
      ["User-Agent", "claude-cli/2.0.1 (external, cli)"],
    ],
    body: "{}",
  });
  assert.deepEqual(
    upstream.requests[0]?.values("x-request-id"),
    ["mine-1"],
    "as the client sent it",
  );
  await proxy.waitForLine(/"msg":"request"/);
  proxy.signal("SIGTERM");
  await proxy.exit();
  assert.match(directory.names().join(), /^proxy\.\d{4}-\d{2}-\d{2}-\d{2}\.log$/);
  const { time, first_byte_ms, ms, worker, ...rest } = JSON.parse(accessLines(directory)[0]!);
  assert.deepEqual(rest, {
    level: "warn",
    logger: "claude-proxy.access",
    msg: "request",
    id: "mine-1",
    client: "anonymous",
    method: "POST",
    path: "/anthropic/v1/messages",
    dialect: "anthropic",
    status: 529,
    request_bytes: 2,
    response_bytes: 2,
    upstream_id: "req_42",
    user_agent: "claude-cli/2.0.1",
  });
  assert.equal(new Date(time).toISOString(), time);
  assert.ok(worker >= 1 && first_byte_ms >= 0 && ms >= first_byte_ms);
});

Deno.test("who ended a request early is on record, as far as the runtime lets us know", async () => {
  using directory = new TemporaryDirectory();
  const begun = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";
  const release = Promise.withResolvers<void>();
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    await exchange.write(begun);
    if (exchange.request.target === "/upstream") await release.promise;
    else await exchange.peerClosed();
    exchange.close();
  });
  const args = ["--shutdown-timeout", "0"];
  await using proxy = await ProxyProcess.start(loggingTo(directory.path, upstream, { args }));
  const start = async (target: string) => {
    const client = await RawClient.connect({ port: proxy.port });
    await client.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const body = client.bodyOf(await client.readHead());
    await body.readSome();
    return { client, body };
  };
  (await start("/client")).client[Symbol.dispose]();
  await proxy.waitForLine(/path=\/client .* aborted=client/);

  const broken = await start("/upstream");
  release.resolve();
  assert.equal((await broken.body.readAll()).ended, "cut");
  // What an upgrade of the runtime may change: `info.completed` resolves here as at a normal end.
  const [line] = await proxy.waitForLine(/.*path=\/upstream .*/);
  assert.doesNotMatch(line, /aborted/);
  broken.client[Symbol.dispose]();

  const running = await start("/proxy");
  proxy.signal("SIGTERM");
  await proxy.waitForLine(/path=\/proxy .* aborted=proxy/);
  assert.equal(await proxy.exit(), 0);
  running.client[Symbol.dispose]();
});

Deno.test("debug shows headers without credentials, info shows none", async () => {
  using directory = new TemporaryDirectory();
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start(
    loggingTo(directory.path, upstream, { args: ["--verbose", "--log-format", "json"] }),
  );
  await request({
    port: proxy.port,
    headers: [["Host", "localhost"], ["Anthropic-Beta", "b-1"], ["X-Api-Key", "wrong-key-123"]],
  });
  const [line] = await proxy.waitForLine(/.*"msg":"headers".*/);
  const { level, request: sent } = JSON.parse(line);
  assert.equal(level, "debug");
  assert.deepEqual(sent, {
    host: "localhost",
    "anthropic-beta": "b-1",
    "x-api-key": "[redacted]",
  });
});

Deno.test("a stranger's long path takes 1 KiB of the log, at every level", async () => {
  await using upstream = RawUpstream.start();
  const args = ["--unauthenticated", "reject", "--log-level", "debug"];
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, args });
  const long = "x".repeat(50_000);
  const { status } = await request({
    port: proxy.port,
    target: `/${long}`,
    headers: [["Host", "localhost"], ["X-Long", "y".repeat(10_000)], ["constructor", "z"]],
  });
  assert.equal(status, 401);
  const [line] = await proxy.waitForLine(/.* path=.*/);
  assert.match(line, /path="?\/x{1023}… \(48977 more\)/);
  const [headers] = await proxy.waitForLine(/.*msg=headers.*/);
  assert.match(headers, /constructor\\":\\"z\\"/);
  assert.ok(line.length < 2_000 && headers.length < 4_000, `${line.length} ${headers.length}`);
  assert.equal(upstream.requests.length, 0);
});

/** Bytes above which a process that is limited so cannot write on: its log files are larger. */
const LARGEST_FILE = 2 ** 30;

Deno.test({
  name: "a full disk costs lines and no request, is told of on stderr, and ends by itself",
  ignore: Deno.build.os === "windows", // It has no limit for the size of files.
  async fn() {
    using directory = new TemporaryDirectory();
    const days = [0, 1].map((days) => new Date(Date.now() + days * 86_400_000).toISOString());
    const names = days.map((day) => `claude-proxy.${day.slice(0, 10)}.log`);
    for (const name of names) {
      Deno.writeTextFileSync(directory.join(name), "");
      Deno.truncateSync(directory.join(name), LARGEST_FILE); // It takes no room on the disk.
    }
    await using upstream = RawUpstream.start();
    const maxFileKib = LARGEST_FILE / 1024;
    await using proxy = await ProxyProcess.start(
      loggingTo(directory.path, upstream, { maxFileKib }),
    );
    await proxy.waitForLine(
      /log files in .* \(logging\.log_path\): cannot be written: File too large/,
    );
    for (let i = 0; i < 20; i++) assert.equal((await get(proxy)).status, 200);
    for (const name of names) Deno.removeSync(directory.join(name));
    await proxy.waitForLine(/log files in .*: written again/);
    proxy.signal("SIGTERM");
    await proxy.exit();
    assert.equal(accessLines(directory).length, 20, "what waited is written");
  },
});

Deno.test("a permission that log files take and that is missing is named before anything listens", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.spawn({
    upstreamUrl: upstream.url,
    permissions: ["--allow-net", "--allow-read"],
    args: ["--log-path", "/var/log/claude-proxy"],
  });
  assert.equal(await proxy.exit(), 2);
  const missing = /^ {2}--allow-write=\/var\/log\/claude-proxy {2}\(logging\.log_path\)$/m;
  assert.match(proxy.stderr.join("\n"), missing);
  assert.deepEqual(proxy.stdout, []);
});

programTest({
  name: "the real program begins a new file when the hour turns, also when it was idle",
  needs: [{ program: "faketime", install: "apt-get install faketime" }],
  async fn() {
    using directory = new TemporaryDirectory();
    await using upstream = RawUpstream.start();
    const args = ["--log-rotation", "hourly"];
    const env = await fakeTime(STARTED);
    await using proxy = await ProxyProcess.start(
      loggingTo(directory.path, upstream, { args, env }),
    );
    await get(proxy, "/before");
    const [, before = ""] = await proxy.waitForLine(/time=(2026-01-31T23:59:5\S+) .*path=\/before/);
    await clockReaches("2026-02-01T00:00:00Z", before);
    await get(proxy, "/after");
    proxy.signal("SIGTERM");
    await proxy.exit();
    const files = ["claude-proxy.2026-01-31-23.log", "claude-proxy.2026-02-01-00.log"];
    assert.deepEqual(directory.names(), files);
    for (const name of files) {
      const [, date, hour] = /(\d{4}-\d{2}-\d{2})-(\d{2})\.log$/.exec(name)!;
      for (const line of directory.read(name).trimEnd().split("\n")) {
        assert.ok(line.startsWith(`time=${date}T${hour}:`), `${line} in ${name}`);
      }
    }
    const lines = accessLines(directory);
    assert.deepEqual(lines, proxy.stdout.filter((line) => line.includes("access")));
  },
});

/** Waits, without a request, until a program has come to a time that has written another just now. */
async function clockReaches(time: string, written: string): Promise<void> {
  const left = Date.parse(time) - Date.parse(written);
  await new Promise((reached) => setTimeout(reached, left + 100));
}

/** The variables with which a program believes in another wall clock; its timers go by the real one. */
async function fakeTime(start: string): Promise<Record<string, string>> {
  const { stdout } = await new Deno.Command("faketime", {
    args: ["-f", `@${start}`, "env"],
    env: { TZ: "UTC" },
  }).output();
  const preload = /^LD_PRELOAD=(.+)$/m.exec(new TextDecoder().decode(stdout))?.[1] ?? "";
  return {
    LD_PRELOAD: preload,
    FAKETIME: `@${start}`,
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    TZ: "UTC",
  };
}
