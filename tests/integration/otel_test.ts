import assert from "node:assert/strict";
import { Condition } from "../kit/time/condition.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

const CANARY = "CanaryQueryValue";
const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** An OTLP collector that keeps what it is sent, undecoded. */
class Collector {
  readonly received: { path: string; text: string }[] = [];
  readonly #changed = new Condition();
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (sent) => {
    const text = new TextDecoder("latin1").decode(await sent.arrayBuffer());
    this.received.push({ path: new URL(sent.url).pathname, text });
    this.#changed.notify();
    return new Response();
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Waits until something of a kind holds a word. */
  until(path: string, word: string): Promise<true> {
    const probe = () =>
      this.received.some((sent) => sent.path === path && sent.text.includes(word)) || undefined;
    return this.#changed.until(probe, `${word} at ${path}`, 20_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

async function runWith(
  variables: Record<string, string>,
  collector: Collector,
  whileRunning: () => Promise<unknown>,
): Promise<string[]> {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    env: {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: "50",
      OTEL_METRIC_EXPORT_INTERVAL: "50",
      ...variables,
    },
  });
  const headers: [string, string][] = [["Host", "a"], ["Traceparent", PARENT]];
  const target = `/v1/messages?key=${CANARY}`;
  assert.equal((await request({ port: proxy.port, target, headers })).status, 200);
  await whileRunning();
  return upstream.requests[0]!.values("traceparent");
}

Deno.test("OTEL_DENO=true alone reports queries and adds to traceparent, as the README warns", async () => {
  await using collector = new Collector();
  const parents = await runWith({}, collector, () => collector.until("/v1/traces", CANARY));
  assert.notDeepEqual(parents, [PARENT]);
});

Deno.test("OTEL_DENO=true as the README has it gives metrics, no query, and changes no header", async () => {
  await using collector = new Collector();
  const variables = { OTEL_PROPAGATORS: "none", OTEL_TRACES_SAMPLER: "always_off" };
  const name = "http.server.request.duration";
  const parents = await runWith(variables, collector, () => collector.until("/v1/metrics", name));
  assert.deepEqual(parents, [PARENT]);
  assert.deepEqual(collector.received.filter(({ text }) => text.includes(CANARY)), []);
  assert.deepEqual(new Set(collector.received.map(({ path }) => path)), new Set(["/v1/metrics"]));
});
