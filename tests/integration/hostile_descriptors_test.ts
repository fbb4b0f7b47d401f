import assert from "node:assert/strict";
import { Condition } from "../kit/time/condition.ts";
import { HttpsProxy } from "../kit/servers/https_proxy.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import {
  type ClientTls,
  formatRequest,
  RawClient,
  type RawResponse,
  request,
} from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import type { Handler } from "../kit/http1/upstream_connection.ts";

const MAX_OPEN_FILES = 160;
/** Connections to the upstream that the proxy may keep for the next request. */
const POOLED = 5;
const LOST = /connections could not be accepted; idle ones are closed .*Too many open files/;
const DEATH = /worker died and will be replaced/;
const linux = Deno.build.os === "linux"; // Descriptors are counted in /proc.

/** An upstream that answers a request to `/stream` with chunks of the test's own making. */
class HeldStream {
  #wanted = 0;
  #ended = false;
  #changed = new Condition();

  readonly handler: Handler = async (exchange) => {
    await exchange.readBody();
    if (exchange.request.target !== "/stream") return await exchange.respond({ body: "ok" });
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    for (let sent = 0; !this.#ended || sent < this.#wanted;) {
      await this.#changed.until(() => this.#ended || sent < this.#wanted || undefined, "an event");
      for (; sent < this.#wanted; sent++) await exchange.writeChunk(`event ${sent + 1}\n`);
    }
    await exchange.writeChunk();
  };

  /** Sends one more. */
  send(): void {
    this.#wanted++;
    this.#changed.notify();
  }

  end(): void {
    this.#ended = true;
    this.#changed.notify();
  }
}

/** Opens connections that send `bytes` and nothing more, until the proxy has no room for them. */
async function fillUp(proxy: ProxyProcess, bytes: string): Promise<RawClient[]> {
  const held: RawClient[] = [];
  for (let count = 0; count < 3 * MAX_OPEN_FILES && !proxy.stdout.some(isLoss); count++) {
    const client = await RawClient.connect({ port: proxy.port }).catch(refused);
    if (client === undefined) continue;
    held.push(client);
    await client.write(bytes).catch(refused);
  }
  await proxy.waitForLine(LOST);
  return held;
}

function isLoss(line: string): boolean {
  return LOST.test(line);
}

const REFUSALS = new Set([
  "BrokenPipe",
  "ConnectionRefused",
  "ConnectionReset",
  "NotConnected",
  "UnexpectedEof",
]);

/**
 * While nobody listens, connections are refused, and those in the queue reset, which `Deno.connect`
 * calls NotConnected where it comes before it has asked for the peer's address.
 */
function refused(error: unknown): undefined {
  if (!(error instanceof Error) || !REFUSALS.has(error.name)) throw error;
}

/** What a client gets that tries again when it is refused, as SDKs do. */
async function requestUntilServed(
  port: number,
  tls: ClientTls | false = false,
): Promise<RawResponse> {
  const until = performance.now() + 20_000;
  for (;;) {
    const response = await request({ port, tls, target: "/v1/models" }).catch(refused);
    if (response !== undefined) return response;
    assert.ok(performance.now() < until, "refused for 20 s");
    await new Promise((later) => setTimeout(later, 10));
  }
}

async function assertServes(port: number): Promise<void> {
  const { status, bytes } = await requestUntilServed(port);
  assert.equal(status, 200);
  assert.equal(new TextDecoder().decode(bytes), "ok");
}

/** Descriptors of closed connections are gone when the runtime gets round to it. */
async function assertDescriptorsReturn(proxy: ProxyProcess, before: number): Promise<void> {
  const until = performance.now() + 10_000;
  while (proxy.fdCount() > before + POOLED && performance.now() < until) {
    await new Promise((later) => setTimeout(later, 50));
  }
  assert.ok(proxy.fdCount() <= before + POOLED, `${proxy.fdCount()} descriptors, ${before} before`);
}

for (
  const [what, bytes] of [
    ["connections that say nothing", ""],
    ["heads that never end", "GET / HTTP/1.1\r\nHost: h\r\nX-Slow: "],
    ["requests answered long ago", "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"],
  ] as const
) {
  Deno.test({
    name: `as many ${what} as there are descriptors are closed, and a running stream is not`,
    ignore: !linux,
    fn: async () => {
      const stream = new HeldStream();
      await using upstream = RawUpstream.start(stream.handler);
      await using proxy = await ProxyProcess.start({
        upstreamUrl: upstream.url,
        maxOpenFiles: MAX_OPEN_FILES,
        args: ["--workers", "2"],
      });
      await assertServes(proxy.port);
      using reader = await RawClient.connect({ port: proxy.port });
      await reader.write(formatRequest({ target: "/stream" }));
      const body = reader.bodyOf(await reader.readHead());
      const busy = proxy.fdCount();
      stream.send();

      const attackers = await fillUp(proxy, bytes);
      await assertServes(proxy.port);
      stream.send();
      stream.end();
      const { bytes: received, ended } = await body.readAll();
      assert.equal(new TextDecoder().decode(received), "event 1\nevent 2\n");
      assert.equal(ended, "complete");

      attackers.forEach((client) => client.close());
      await assertDescriptorsReturn(proxy, busy);
      await assertServes(proxy.port);
      assert.ok(!proxy.stdout.some((line) => DEATH.test(line)), proxy.stdout.join("\n"));
    },
  });
}

Deno.test({
  name: "TLS handshakes that never end fill the process up: workers are replaced, service is back",
  ignore: !linux,
  fn: async () => {
    await using upstream = RawUpstream.start();
    await using proxy = await HttpsProxy.start(upstream.url, ["--workers", "1"], MAX_OPEN_FILES);
    const idle = proxy.process.fdCount();
    const attackers = await fillUp(proxy.process, "");
    // The worker cannot close such connections one by one, so listening again helps for 5 s only.
    const until = performance.now() + 30_000;
    while (!proxy.process.stdout.some((line) => DEATH.test(line))) {
      assert.ok(performance.now() < until, proxy.process.stdout.join("\n"));
      const client = await RawClient.connect({ port: proxy.port }).catch(refused);
      if (client !== undefined) attackers.push(client);
      await new Promise((later) => setTimeout(later, 20));
    }
    attackers.forEach((client) => client.close());
    const caCerts = [proxy.authority.root];
    assert.equal((await requestUntilServed(proxy.port, { caCerts })).status, 200);
    await assertDescriptorsReturn(proxy.process, idle);
  },
});

Deno.test({
  name: "Deno takes the hard limit of open files, whatever the soft one says, as the README tells",
  ignore: !linux,
  fn: async () => {
    const limits = "console.log(Deno.readTextFileSync('/proc/self/limits'))";
    const { stdout } = await new Deno.Command("sh", {
      args: [
        ...["-c", 'ulimit -Sn 160 && ulimit -Hn 300 && exec "$0" eval "$1"'],
        ...[Deno.execPath(), limits],
      ],
    }).output();
    assert.match(new TextDecoder().decode(stdout), /^Max open files +300 +300 /m);
  },
});
