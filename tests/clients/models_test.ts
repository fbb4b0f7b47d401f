import Anthropic from "@anthropic-ai/sdk";
import assert from "node:assert/strict";
import OpenAI from "openai";
import { CLIENT_KEY, ProxyProcess, UPSTREAM_KEY } from "../kit/process/proxy_process.ts";
import { request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

const MODELS = `
[[models]]
id = "claude-sonnet-4-5"
display_name = "Claude Sonnet 4.5"
api = "anthropic"

[[models]]
id = "gpt-5"
api = "openai"
`;

/** The proxy with a file; flags cannot give a list. */
async function startProxy(upstream: RawUpstream, file: string) {
  const configFile = await Deno.makeTempFile({ suffix: ".toml" });
  await Deno.writeTextFile(configFile, file);
  try {
    return await ProxyProcess.start({
      upstreamUrl: upstream.url,
      configFile,
      clientKey: CLIENT_KEY,
      upstreamKey: UPSTREAM_KEY,
    });
  } finally {
    await Deno.remove(configFile);
  }
}

Deno.test("both SDKs read the models list, and the upstream is not asked", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await startProxy(upstream, MODELS);

  const claude = new Anthropic({ baseURL: `${proxy.url}/anthropic`, apiKey: CLIENT_KEY }).models;
  const claudes = await Array.fromAsync(claude.list({ limit: 1000 }));
  assert.deepEqual(claudes.map((model) => [model.id, model.display_name]), [
    ["claude-sonnet-4-5", "Claude Sonnet 4.5"],
  ]);
  assert.equal((await claude.retrieve("claude-sonnet-4-5")).type, "model");

  const gpt = new OpenAI({ baseURL: `${proxy.url}/openai/v1`, apiKey: CLIENT_KEY }).models;
  assert.deepEqual((await Array.fromAsync(gpt.list())).map(({ id }) => id), ["gpt-5"]);
  assert.equal((await gpt.retrieve("gpt-5")).object, "model");

  assert.deepEqual(upstream.requests, []);
});

Deno.test("clients without the right key do not see the models list", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await startProxy(upstream, MODELS);
  const ask = (headers: [string, string][]) =>
    request({
      port: proxy.port,
      target: "/anthropic/v1/models?limit=1000",
      headers: [["Host", "localhost"], ...headers],
    });
  assert.equal((await ask([["x-api-key", "wrong"]])).status, 401);
  assert.equal((await ask([])).status, 200);
  assert.deepEqual(upstream.requests.map(({ target }) => target), [
    "/anthropic/v1/models?limit=1000",
  ]);
});

Deno.test("a request for models that are not listed goes to the upstream", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await startProxy(upstream, MODELS);
  const targets = ["/anthropic/v1/models/other", "/openai/v1/models/claude-sonnet-4-5"];
  for (const target of targets) {
    const headers: [string, string][] = [["Host", "localhost"], ["api-key", CLIENT_KEY]];
    await request({ port: proxy.port, target, headers });
  }
  assert.deepEqual(upstream.requests.map(({ target }) => target), targets);
});
