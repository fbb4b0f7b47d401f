import Anthropic from "@anthropic-ai/sdk";
import assert from "node:assert/strict";
import OpenAI from "openai";
import { carriesOnly } from "../../tools/demo/credentials.ts";
import { createModelApi } from "../../tools/demo/model_api.ts";
import { BearerUpstream } from "../kit/servers/bearer_upstream.ts";
import { FakeEntra } from "../kit/servers/fake_entra.ts";
import { CLIENT_KEY, ProxyProcess, UPSTREAM_KEY } from "../kit/process/proxy_process.ts";
import { RawClient, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { APPLICATION, call, SECRET, TENANT } from "./azure_proxy.ts";

/** The settings of a proxy that `deno serve` runs. */
function environment(upstreamUrl: string, more: Record<string, string> = {}) {
  return {
    CLAUDE_PROXY__UPSTREAM_URL: upstreamUrl,
    CLAUDE_PROXY__CLIENT_API_KEY: CLIENT_KEY,
    CLAUDE_PROXY__UPSTREAM_AUTH__TYPE: "api_key",
    CLAUDE_PROXY__UPSTREAM_AUTH__API_KEY: UPSTREAM_KEY,
    ...more,
  };
}

/** As the README says to run it, with the network for the upstream alone. */
function served(upstreamUrl: string, more: Record<string, string> = {}) {
  const permissions = ["--allow-env", `--allow-net=${new URL(upstreamUrl).host}`];
  return { served: true, permissions, env: environment(upstreamUrl, more) };
}

Deno.test("under deno serve both SDKs work, and a wrong key gets the SDK's own error", async () => {
  const acceptsKey = (headers: Headers) => carriesOnly(headers, UPSTREAM_KEY);
  const api = createModelApi({ thinkingTime: 0, wordTime: 0, acceptsKey });
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, api);
  await using proxy = await ProxyProcess.start(served(`http://127.0.0.1:${server.addr.port}`));
  const question = {
    model: "claude-demo",
    max_tokens: 100,
    messages: [{ role: "user" as const, content: "Is the sea deep?" }],
  };
  const { messages } = new Anthropic({ baseURL: `${proxy.url}/anthropic`, apiKey: CLIENT_KEY });
  assert.equal((await messages.create(question)).stop_reason, "end_turn");
  assert.equal((await messages.stream(question).finalMessage()).stop_reason, "end_turn");
  const openai = new OpenAI({ baseURL: `${proxy.url}/openai/v1`, apiKey: CLIENT_KEY });
  const answer = openai.responses.stream({ model: "gpt-demo", input: "Is the sea deep?" });
  assert.match((await answer.finalResponse()).output_text, /Is the sea deep\?/);
  const wrong = new OpenAI({ baseURL: `${proxy.url}/openai/v1`, apiKey: "wrong", maxRetries: 0 });
  await assert.rejects(
    wrong.responses.create({ model: "gpt-demo", input: "?" }),
    OpenAI.AuthenticationError,
  );
  await proxy.waitForLine(/msg=request .*status=401 .*error=invalid_client_key/);
});

const AZURE_CLI = { CLAUDE_PROXY__UPSTREAM_AUTH__TYPE: "azure_cli" };
const TLS_FILES = {
  CLAUDE_PROXY__TLS__MODE: "manual",
  CLAUDE_PROXY__TLS__CERT_PATH: "cert.pem",
  CLAUDE_PROXY__TLS__KEY_PATH: "key.pem",
};

const REFUSED: [what: string, env: Record<string, string>, reason: RegExp][] = [
  ["a port", { CLAUDE_PROXY__PORT: "99" }, /port cannot apply under deno serve: the host decides/],
  [
    "a limit of memory",
    { CLAUDE_PROXY__MEMORY_LIMIT: "536870912" },
    /memory_limit cannot apply under deno serve: the host limits/,
  ],
  ["a number of workers", { CLAUDE_PROXY__WORKERS: "2" }, /workers cannot apply under deno serve/],
  [
    "a log directory",
    { CLAUDE_PROXY__LOGGING__LOG_PATH: "/tmp" },
    /log_path .* there are no files/,
  ],
  ["TLS", TLS_FILES, /tls\.mode cannot apply under deno serve: the host ends TLS/],
  ["the Azure CLI", AZURE_CLI, /azure_cli cannot apply under deno serve: there is no az to run/],
];

for (const [what, env, reason] of REFUSED) {
  Deno.test(`under deno serve ${what} is refused with a sentence`, async () => {
    await using program = await ProxyProcess.spawn(served("http://127.0.0.1:9", env));
    assert.equal(await program.exit(), 2);
    assert.match(program.stderr.join("\n"), reason);
  });
}

Deno.test("under deno serve an application's secret brings tokens too", async () => {
  await using entra = await FakeEntra.start();
  await using upstream = new BearerUpstream((bearer) => bearer === entra.current);
  await using proxy = await ProxyProcess.start({
    served: true,
    permissions: ["--allow-env", "--allow-net", "--allow-sys=osRelease"],
    env: {
      ...environment(upstream.url),
      CLAUDE_PROXY__UPSTREAM_AUTH__TYPE: "azure_ad",
      CLAUDE_PROXY__UPSTREAM_AUTH__TENANT_ID: TENANT,
      CLAUDE_PROXY__UPSTREAM_AUTH__CLIENT_ID: APPLICATION,
      CLAUDE_PROXY__UPSTREAM_AUTH__CLIENT_SECRET: SECRET,
      CLAUDE_PROXY__UPSTREAM_AUTH__AUTHORITY_HOST: entra.url,
      ...entra.env,
    },
  });
  assert.equal((await call(proxy)).status, 200);
  assert.equal(upstream.calls[0]?.authorization, "Bearer token-1");
});

Deno.test("under deno serve a signal lets the running stream end", async () => {
  const finished = Promise.withResolvers<void>();
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    await exchange.writeChunk("begun");
    await finished.promise;
    await exchange.writeChunk("finished");
    await exchange.writeChunk();
  });
  await using proxy = await ProxyProcess.start(served(upstream.url));
  using client = await RawClient.connect({ port: proxy.port });
  await client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const body = client.bodyOf(await client.readHead());
  await body.readSome();
  proxy.signal("SIGTERM");
  await proxy.waitForLine(/draining.*timeout_seconds=600/);
  finished.resolve();
  assert.equal(new TextDecoder().decode((await body.readAll()).bytes), "begunfinished");
  assert.equal(await proxy.exit(), 0);
});

Deno.test("on a host that kills after five seconds, draining takes at most four", async () => {
  await using upstream = RawUpstream.start((exchange) => exchange.peerClosed().then(() => {}));
  await using proxy = await ProxyProcess.start(
    served(upstream.url, { DENO_DEPLOYMENT_ID: "test" }),
  );
  assert.equal((await request({ port: proxy.port, target: "/readyz" })).status, 200);
  proxy.signal("SIGINT");
  await proxy.waitForLine(/draining.*timeout_seconds=4/);
  assert.equal(await proxy.exit(), 0);
});

Deno.test("deno run with every setting in the environment is the command line", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({
    env: environment(upstream.url, {
      CLAUDE_PROXY__BIND_ADDRESS: "127.0.0.1",
      CLAUDE_PROXY__PORT: "0",
    }),
    permissions: ["--allow-net", "--allow-read", "--allow-env"],
    clientKey: null,
    upstreamKey: null,
    port: null,
    bindAddress: null,
  });
  assert.equal((await request({ port: proxy.port })).status, 200);
  await proxy.waitForLine(/workers=\d/);
});
