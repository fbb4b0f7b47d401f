import Anthropic, { type ClientOptions } from "@anthropic-ai/sdk";
import assert from "node:assert/strict";
import { CLIENT_KEY, ProxyProcess } from "../kit/process/proxy_process.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { ProxiedApi } from "./proxied_api.ts";

const question = {
  model: "claude-demo",
  max_tokens: 200,
  messages: [{ role: "user" as const, content: "Is the sea deep?" }],
};
const weather = {
  ...question,
  tools: [{
    name: "get_weather",
    input_schema: { type: "object" as const, properties: { city: { type: "string" } } },
  }],
};

/** As Claude Code sends it, with `ANTHROPIC_API_KEY`, `ANTHROPIC_AUTH_TOKEN` or `apiKeyHelper`. */
const CREDENTIALS: [name: string, options: ClientOptions][] = [
  ["a key", { apiKey: CLIENT_KEY }],
  ["a token", { authToken: CLIENT_KEY }],
  ["a key in x-api-key", { apiKey: "not-ours", defaultHeaders: { "x-api-key": CLIENT_KEY } }],
];

Deno.test("the Anthropic SDK works through the proxy", async (t) => {
  await using api = await ProxiedApi.start();
  const client = (credentials: ClientOptions) =>
    new Anthropic({ baseURL: `${api.url}/anthropic`, maxRetries: 0, ...credentials });

  for (const [name, credentials] of CREDENTIALS) {
    await t.step(`with ${name}: plain, streaming, with tools`, async () => {
      const { messages } = client(credentials);
      const [text] = (await messages.create(question)).content;
      assert.ok(text?.type === "text" && text.text.includes("Is the sea deep?"));
      const pieces: string[] = [];
      const stream = messages.stream(question).on("text", (piece) => pieces.push(piece));
      assert.equal((await stream.finalMessage()).stop_reason, "end_turn");
      assert.equal(pieces.join(""), text.text);
      const [call] = (await messages.stream(weather).finalMessage()).content;
      assert.ok(call?.type === "tool_use" && call.name === "get_weather");
    });
  }

  await t.step("a wrong key raises the SDK's AuthenticationError", async () => {
    const { messages } = client({ apiKey: "wrong" });
    await assert.rejects(messages.create(question), Anthropic.AuthenticationError);
    await assert.rejects(messages.stream(question).finalMessage(), (error) => {
      assert.ok(error instanceof Anthropic.AuthenticationError);
      assert.equal(error.type, "authentication_error");
      assert.equal(error.headers.get("x-claude-proxy-error"), "invalid_client_key");
      return true;
    });
  });

  await t.step(
    "a wrong key is told to the SDK once, with the id that finds it in the log",
    async () => {
      const { messages } = new Anthropic({
        baseURL: `${api.url}/anthropic`,
        apiKey: "wrong",
        defaultHeaders: { "x-request-id": "asked-once" },
      });
      await assert.rejects(messages.create(question), (error) => {
        assert.ok(error instanceof Anthropic.AuthenticationError);
        assert.equal(error.headers.get("x-should-retry"), "false");
        assert.equal(error.headers.get("x-request-id"), "asked-once");
        return true;
      });
      await api.proxy.waitForLine(/ id=asked-once .* error=invalid_client_key/);
      const lines = api.proxy.stdout.filter((line) => line.includes(" id=asked-once "));
      assert.equal(lines.length, 1);
    },
  );

  await t.step("the upstream's 529 and 400 reach the SDK with their own bodies", async () => {
    const { messages } = client({ apiKey: CLIENT_KEY });
    await assert.rejects(messages.create({ ...question, model: "error-529" }), (error) => {
      assert.ok(error instanceof Anthropic.InternalServerError);
      assert.deepEqual([error.status, error.type], [529, "overloaded_error"]);
      return true;
    });
    await assert.rejects(messages.create({ ...question, max_tokens: 0 }), (error) => {
      assert.ok(error instanceof Anthropic.BadRequestError);
      assert.match(error.message, /max_tokens/);
      return true;
    });
  });
});

Deno.test("a stream that the Anthropic SDK cancels is closed at the upstream within a second", async () => {
  const closed = Promise.withResolvers<number>();
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    await exchange.respond({
      headers: [["Content-Type", "text/event-stream"], ["Transfer-Encoding", "chunked"]],
    });
    await exchange.writeChunk(
      'event: message_start\ndata: {"type":"message_start","message":{}}\n\n',
    );
    await exchange.peerClosed(5_000);
    closed.resolve(performance.now());
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  const { messages } = new Anthropic({ baseURL: proxy.url, apiKey: CLIENT_KEY, maxRetries: 0 });
  const stream = await messages.create({ ...question, stream: true });
  for await (const event of stream) {
    assert.equal(event.type, "message_start");
    break;
  }
  const cancelled = performance.now();
  stream.controller.abort();
  assert.ok(await closed.promise - cancelled < 1000);
  await proxy.waitForLine(/aborted=client/);
});
