import assert from "node:assert/strict";
import OpenAI from "openai";
import { CLIENT_KEY } from "../kit/process/proxy_process.ts";
import { ProxiedApi } from "./proxied_api.ts";

const asked = { model: "gpt-demo", input: "Is the sea deep?" };
const chatted = {
  model: "gpt-demo",
  messages: [{ role: "user" as const, content: "Is the sea deep?" }],
};
const parameters = { type: "object", properties: { city: { type: "string" } } };
const tools = [{ type: "function" as const, name: "get_weather", parameters, strict: false }];
const chatTools = [{ type: "function" as const, function: { name: "get_weather", parameters } }];

Deno.test("the OpenAI SDK works through the proxy", async (t) => {
  await using api = await ProxiedApi.start();
  const client = (apiKey: string) =>
    new OpenAI({ baseURL: `${api.url}/openai/v1`, apiKey, maxRetries: 0 });
  const { responses, chat } = client(CLIENT_KEY);

  await t.step("responses: plain, streaming, with tools", async () => {
    const whole = await responses.create(asked);
    assert.match(whole.output_text, /Is the sea deep\?/);
    const deltas: string[] = [];
    const stream = responses.stream(asked)
      .on("response.output_text.delta", ({ delta }) => deltas.push(delta));
    assert.equal((await stream.finalResponse()).output_text, deltas.join(""));
    const [call] = (await responses.stream({ ...asked, tools }).finalResponse()).output;
    assert.ok(call?.type === "function_call" && call.name === "get_weather");
  });

  await t.step("chat completions: plain, streaming, with tools", async () => {
    const whole = await chat.completions.create(chatted);
    assert.match(whole.choices[0]?.message.content ?? "", /Is the sea deep\?/);
    const streamed = await chat.completions.stream(chatted).finalContent();
    assert.equal(streamed, whole.choices[0]?.message.content);
    const called = await chat.completions.create({ ...chatted, tools: chatTools });
    const [call] = called.choices[0]?.message.tool_calls ?? [];
    assert.ok(call?.type === "function" && call.function.name === "get_weather");
  });

  await t.step("a wrong key raises the SDK's AuthenticationError", async () => {
    const wrong = client("wrong");
    for (
      const call of [
        () => wrong.responses.create(asked),
        () => wrong.chat.completions.create(chatted),
      ]
    ) {
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof OpenAI.AuthenticationError);
        assert.equal(error.code, "invalid_client_key");
        return true;
      });
    }
  });

  await t.step(
    "a wrong key is told to the SDK once, with the id that finds it in the log",
    async () => {
      const { responses } = new OpenAI({ baseURL: `${api.url}/openai/v1`, apiKey: "wrong" });
      const error = await responses.create(asked).catch((error) => error);
      assert.ok(error instanceof OpenAI.AuthenticationError);
      assert.equal(error.headers.get("x-should-retry"), "false");
      assert.ok(error.requestID);
      const found = (lines: readonly string[]) =>
        lines.filter((line) => line.includes(` id=${error.requestID} `));
      const [line] = await api.proxy.waitForStdout((lines) =>
        found(lines).length > 0 ? found(lines) : undefined
      );
      assert.match(line ?? "", /error=invalid_client_key/);
    },
  );

  await t.step("the upstream's 529 and 400 reach the SDK with their own bodies", async () => {
    await assert.rejects(responses.create({ ...asked, model: "error-529" }), (error) => {
      assert.ok(error instanceof OpenAI.InternalServerError);
      assert.equal(error.status, 529);
      return true;
    });
    await assert.rejects(responses.create({ ...asked, model: "error-400" }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.headers.get("x-claude-proxy-error"), null);
      return true;
    });
  });
});
