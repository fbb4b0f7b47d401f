import Anthropic from "@anthropic-ai/sdk";
import assert from "node:assert/strict";
import OpenAI from "openai";
import { carriesOnly } from "../../tools/demo/credentials.ts";
import { applicationFlags, LIBRARY_PERMISSIONS } from "../integration/azure_proxy.ts";
import { FakeEntra } from "../kit/servers/fake_entra.ts";
import { CLIENT_KEY } from "../kit/process/proxy_process.ts";
import { ProxiedApi } from "./proxied_api.ts";

Deno.test("both SDKs work on an upstream that accepts only the current bearer, as tokens change", async () => {
  await using entra = await FakeEntra.start();
  entra.lifetime = 3;
  const accepted = new Set<string>();
  const acceptsKey = (headers: Headers) => {
    const isCurrent = entra.given.slice(-2).some(({ token, expiresAt }) => {
      const isGood = expiresAt > Date.now() && carriesOnly(headers, token);
      if (isGood) accepted.add(token);
      return isGood;
    });
    return isCurrent && headers.get("x-api-key") === null;
  };
  await using api = await ProxiedApi.start({ acceptsKey }, {
    upstreamKey: null,
    args: ["--upstream-auth-type", "azure_ad", ...applicationFlags(entra.url)],
    env: entra.env,
    permissions: ["--allow-net", "--allow-read", ...LIBRARY_PERMISSIONS],
  });
  const anthropic = new Anthropic({
    baseURL: `${api.url}/anthropic`,
    apiKey: CLIENT_KEY,
    maxRetries: 0,
  });
  const openai = new OpenAI({ baseURL: `${api.url}/openai/v1`, apiKey: CLIENT_KEY, maxRetries: 0 });
  for (let round = 1; round <= 3; round++) {
    await entra.seen(round);
    const message = await anthropic.messages.stream({
      model: "claude-demo",
      max_tokens: 100,
      messages: [{ role: "user", content: "Is the sea deep?" }],
    }).finalMessage();
    assert.equal(message.stop_reason, "end_turn");
    const completion = await openai.chat.completions.create({
      model: "gpt-demo",
      messages: [{ role: "user", content: "Is the sea deep?" }],
    });
    assert.equal(completion.choices[0]?.finish_reason, "stop");
  }
  assert.ok(accepted.size >= 2, [...accepted].join());
});
