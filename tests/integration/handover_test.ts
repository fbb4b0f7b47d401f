import assert from "node:assert/strict";
import { adminUrl, untilMetric } from "../kit/process/admin.ts";
import { freePort } from "../kit/process/free_port.ts";
import { CLIENT_KEY, type ProxyOptions, ProxyProcess } from "../kit/process/proxy_process.ts";
import { TemporaryDirectory } from "../kit/process/temporary_directory.ts";
import { RawClient, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

const STREAM = "GET /v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n";
/** Requests that a handover must lose none of. */
const LOAD = 2_000;

/** An upstream whose `/v1/stream` begins at once and ends when told. */
function streamingUpstream(): { upstream: RawUpstream; finish: () => void } {
  const finished = Promise.withResolvers<void>();
  const upstream = RawUpstream.start(async (exchange) => {
    const { request } = exchange;
    if (request.target !== "/v1/stream") return await exchange.respond({ body: "answer" });
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    await exchange.writeChunk("begun");
    await finished.promise;
    await exchange.writeChunk("finished");
    await exchange.writeChunk();
  });
  return { upstream, finish: finished.resolve };
}

/** What two processes on one port have in common. */
class Place implements Disposable {
  readonly #directory = new TemporaryDirectory();
  readonly port = freePort();
  readonly state = this.#directory.join("state");
  readonly logs = this.#directory.join("logs");

  options(upstreamUrl: string, ...args: string[]): ProxyOptions {
    const { path } = this.#directory;
    return {
      upstreamUrl,
      port: this.port,
      args: ["--state-dir", this.state, ...args],
      permissions: ["--allow-net", "--allow-read", `--allow-write=${path}`],
      deadlineMs: 60_000,
    };
  }

  /** Lines of the log files. */
  logged(): string[] {
    const names = [...Deno.readDirSync(this.logs)].map(({ name }) => name);
    return names.flatMap((name) => this.#directory.read(`logs/${name}`).trimEnd().split("\n"));
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}

/**
 * Clients that ask again and again until they are told to stop. They keep their connections, as the
 * vendors' do, unless they are asked to close them.
 */
class Load {
  readonly failures: string[] = [];
  answered = 0;
  #stopped = false;
  readonly #ended: Promise<unknown>;

  constructor(url: string) {
    const clients = Array.from({ length: 16 }, (_, index) => this.#ask(url, index));
    this.#ended = Promise.all(clients);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  /** Every other client sends a body. */
  async #ask(url: string, index: number): Promise<void> {
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
    const body = index % 2 === 0 ? JSON.stringify({ text: "x".repeat(2_000) }) : undefined;
    const method = body === undefined ? "GET" : "POST";
    const headers = { "x-api-key": CLIENT_KEY };
    while (!this.#stopped) {
      try {
        const response = await fetch(`${url}/v1/messages`, {
          client,
          method,
          headers,
          ...body && { body },
        });
        const text = await response.text();
        if (response.status !== 200) this.failures.push(`${method} ${response.status} ${text}`);
        this.answered++;
      } catch (error) {
        this.failures.push(`${index}: ${method} ${error} ${(error as Error).cause}`);
      }
      await new Promise((next) => setTimeout(next, 5));
    }
  }

  async reaches(count: number): Promise<void> {
    while (this.answered < count && this.failures.length === 0) {
      await new Promise((next) => setTimeout(next, 10));
    }
  }
}

/** Asks until every worker answers so: they are told one after the other. */
async function answers(port: number, status: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (let count = 0; count < 20;) {
    assert.ok(performance.now() < deadline, `status ${status}`);
    count = (await request({ port })).status === status ? count + 1 : 0;
  }
}

function sum(values: ReadonlyMap<string, number>): number {
  return values.values().reduce((total, value) => total + value, 0);
}

const ignore = Deno.build.os !== "linux";

Deno.test({
  name: "a second start takes over: no request is lost, streams end, admin port and log go over",
  ignore,
  fn: async () => {
    const { upstream, finish } = streamingUpstream();
    await using _ = upstream;
    using _finish = { [Symbol.dispose]: finish };
    using place = new Place();
    const admin = ["--admin-port", String(freePort())];
    const options = place.options(upstream.url, ...admin, "--log-path", place.logs);
    await using first = await ProxyProcess.start(options);
    using client = await RawClient.connect({ port: place.port });
    await client.write(STREAM);
    const stream = client.bodyOf(await client.readHead());
    await stream.readSome();

    const load = new Load(first.url);
    await load.reaches(LOAD / 4);
    await using second = await ProxyProcess.start(options);
    await first.waitForLine(/draining reason=successor/);
    const page = await adminUrl(second);
    await untilMetric(page, "claude_proxy_requests_total", (counts) => sum(counts) > LOAD / 10);

    await load.reaches(Math.max(LOAD, load.answered + LOAD));
    finish();
    assert.equal(new TextDecoder().decode((await stream.readAll()).bytes), "begunfinished");
    assert.equal(await first.exit(90_000), 0);
    await load.reaches(load.answered + LOAD / 10);
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.equal((await request({ port: place.port, target: "/readyz" })).status, 200);
    second.signal("SIGTERM");
    assert.equal(await second.exit(), 0);
    const lines = place.logged();
    assert.equal(lines.filter((line) => / path=\/v1\/messages /.test(line)).length, load.answered);
    assert.equal(lines.filter((line) => / path=\/v1\/stream /.test(line)).length, 1);
    console.log(`${load.answered} requests, ${load.failures.length} failures`);
  },
});

Deno.test({
  name: "a start takes over from a process that drains: requests are refused until then",
  ignore,
  fn: async () => {
    const { upstream, finish } = streamingUpstream();
    await using _ = upstream;
    using _finish = { [Symbol.dispose]: finish };
    using place = new Place();
    await using first = await ProxyProcess.start(place.options(upstream.url));
    using client = await RawClient.connect({ port: place.port });
    await client.write(STREAM);
    const stream = client.bodyOf(await client.readHead());
    await stream.readSome();
    first.signal("SIGTERM");
    await first.waitForLine(/draining signal=SIGTERM/);
    await answers(place.port, 503);

    await using second = await ProxyProcess.start(place.options(upstream.url));
    await first.waitForLine(/a successor starts: handing over/);
    await answers(place.port, 200);
    const load = new Load(second.url);
    await load.reaches(LOAD / 10);
    await load.stop();
    assert.deepEqual(load.failures, []);
    finish();
    assert.equal(new TextDecoder().decode((await stream.readAll()).bytes), "begunfinished");
    assert.equal(await first.exit(), 0);
  },
});

Deno.test({
  name: "a successor that cannot start leaves everything with the first process",
  ignore,
  fn: async () => {
    await using upstream = RawUpstream.start();
    using place = new Place();
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const admin = (port: number) => place.options(upstream.url, "--admin-port", `${port}`);
    await using first = await ProxyProcess.start(admin(freePort()));
    await using second = await ProxyProcess.spawn(admin(taken.addr.port));
    assert.equal(await second.exit(60_000), 1);
    await second.waitForLine(/cannot listen: .* set admin\.port/);
    await first.waitForLine(/the successor did not start: serving on/);
    assert.equal((await request({ port: place.port })).status, 200);
    const page = await adminUrl(first);
    await untilMetric(page, "claude_proxy_requests_total", (counts) => sum(counts) === 1);

    await using third = await ProxyProcess.start(place.options(upstream.url));
    assert.equal(await first.exit(), 0);
    assert.equal((await request({ port: third.port })).status, 200);
  },
});

Deno.test({
  name: "a process that was killed leaves nothing that hinders a start",
  ignore,
  fn: async () => {
    await using upstream = RawUpstream.start();
    using place = new Place();
    await using first = await ProxyProcess.start(place.options(upstream.url));
    first.signal("SIGKILL");
    await first.exit();
    const options = place.options(upstream.url);
    await using second = await ProxyProcess.start(options);
    assert.equal((await request({ port: place.port })).status, 200);
    await using check = await ProxyProcess.spawn({ ...options, args: [...options.args!, "check"] });
    await check.waitForLine(
      /^ok +listening address: .* a running proxy's, which a start takes over$/,
    );
    assert.ok(!second.stdout.some((line) => line.includes("taking over")));

    const elsewhere = { ...place.options(upstream.url), port: freePort() };
    await using third = await ProxyProcess.start(elsewhere);
    assert.ok(!third.stdout.some((line) => line.includes("taking over")));
    assert.equal((await request({ port: place.port })).status, 200);
  },
});

Deno.test({
  name: "without state_dir, or where it cannot be used, a second start is told of it",
  ignore,
  fn: async () => {
    await using upstream = RawUpstream.start();
    using place = new Place();
    const { args: _, ...plain } = place.options(upstream.url);
    await using first = await ProxyProcess.start(plain);
    const inUse =
      /cannot listen: 127\.0\.0\.1:\d+ is in use: stop what listens there, have it hand over \(state_dir\), or set port/;
    await using second = await ProxyProcess.spawn(plain);
    await second.waitForLine(inUse);
    assert.equal(await second.exit(), 1);

    Deno.writeTextFileSync(place.state, "no directory");
    await using third = await ProxyProcess.spawn(place.options(upstream.url));
    await third.waitForLine(/level=warn .*state_dir cannot be used: .*directory=/);
    await third.waitForLine(inUse);
    assert.equal(await third.exit(), 1);
    assert.equal((await request({ port: first.port })).status, 200);

    const { permissions: _all, ...unpermitted } = place.options(upstream.url);
    await using fourth = await ProxyProcess.spawn(unpermitted);
    await fourth.waitForLine(/--allow-write=\S+ {2}\(state_dir\)/);
    assert.equal(await fourth.exit(), 2);
  },
});
