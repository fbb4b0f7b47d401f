import Anthropic from "@anthropic-ai/sdk";
import assert from "node:assert/strict";
import {
  KEY,
  type ServedModelApi,
  serveLockedModelApi,
  WEATHER_SCHEMA,
} from "./served_model_api.ts";

const question = {
  model: "claude-demo",
  max_tokens: 200,
  messages: [{ role: "user" as const, content: "Is the sea deep?" }],
};
const weather = { ...question, tools: [{ name: "get_weather", input_schema: WEATHER_SCHEMA }] };

function client(api: ServedModelApi, apiKey = KEY): Anthropic {
  return new Anthropic({ baseURL: `${api.url}/anthropic`, apiKey, maxRetries: 0 });
}

Deno.test("the Anthropic SDK reads a whole message", async () => {
  await using api = serveLockedModelApi();
  const { data, request_id } = await client(api).messages.create(question).withResponse();
  assert.match(request_id ?? "", /^req_/);
  assert.equal(data.stop_reason, "end_turn");
  assert.ok(data.usage.input_tokens > 0);
  const [block] = data.content;
  assert.ok(block?.type === "text");
  assert.match(block.text, /^You asked: “Is the sea deep\?”/);
});

Deno.test("the Anthropic SDK streams a message whose pieces make up the whole", async () => {
  await using api = serveLockedModelApi();
  const pieces: string[] = [];
  const stream = client(api).messages.stream(question).on("text", (piece) => pieces.push(piece));
  const message = await stream.finalMessage();
  assert.ok(pieces.length > 10);
  assert.deepEqual(message.content.map((block) => block.type === "text" && block.text), [
    pieces.join(""),
  ]);
  assert.equal(message.stop_reason, "end_turn");
  assert.equal(message.usage.output_tokens, pieces.length);
});

Deno.test("Anthropic events come in the documented order, a ping among them", async () => {
  await using api = serveLockedModelApi();
  const types: string[] = [];
  const answer = await fetch(`${api.url}/v1/messages`, {
    method: "POST",
    headers: { "x-api-key": KEY },
    body: JSON.stringify({ ...question, stream: true }),
  });
  for (const [, type] of (await answer.text()).matchAll(/^event: (.*)$/gm)) {
    if (type !== undefined && type !== types.at(-1)) types.push(type);
  }
  assert.deepEqual(types, [
    "message_start",
    "content_block_start",
    "ping",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
  ]);
});

for (
  const [how, call] of [
    ["whole", (api: ServedModelApi) => client(api).messages.create(weather)],
    ["streamed", (api: ServedModelApi) => client(api).messages.stream(weather).finalMessage()],
  ] as const
) {
  Deno.test(`the Anthropic SDK reads a tool call, ${how}`, async () => {
    await using api = serveLockedModelApi();
    const message = await call(api);
    assert.equal(message.stop_reason, "tool_use");
    const [block] = message.content;
    assert.ok(block?.type === "tool_use");
    assert.equal(block.name, "get_weather");
    assert.deepEqual(block.input, { city: "Is the sea deep?", unit: "celsius" });
  });
}

Deno.test("a tool's result is answered in words", async () => {
  await using api = serveLockedModelApi();
  const message = await client(api).messages.create({
    ...weather,
    messages: [
      ...question.messages,
      {
        role: "assistant",
        content: [{ type: "tool_use", id: "toolu_1", name: "get_weather", input: {} }],
      },
      {
        role: "user",
        content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "rain all week" }],
      },
    ],
  });
  const [block] = message.content;
  assert.ok(block?.type === "text");
  assert.match(block.text, /^The tool answered: “rain all week”/);
});

Deno.test("the Anthropic SDK counts tokens", async () => {
  await using api = serveLockedModelApi();
  const { max_tokens: _, ...counted } = question;
  const { input_tokens } = await client(api).messages.countTokens(counted);
  assert.ok(input_tokens > 0);
});

Deno.test("the Anthropic SDK recognises an overloaded model", async () => {
  await using api = serveLockedModelApi();
  const failure = client(api).messages.create({ ...question, model: "error-529" });
  await assert.rejects(failure, (error) => {
    assert.ok(error instanceof Anthropic.InternalServerError);
    assert.deepEqual([error.status, error.type], [529, "overloaded_error"]);
    return true;
  });
});

Deno.test("the Anthropic SDK recognises a bad request", async () => {
  await using api = serveLockedModelApi();
  await assert.rejects(client(api).messages.create({ ...question, max_tokens: 0 }), (error) => {
    assert.ok(error instanceof Anthropic.BadRequestError);
    assert.equal(error.type, "invalid_request_error");
    assert.match(error.message, /max_tokens/);
    return true;
  });
});

Deno.test("the Anthropic SDK may carry its key as a bearer token, as Claude Code does", async () => {
  await using api = serveLockedModelApi();
  const anthropic = new Anthropic({ baseURL: api.url, apiKey: null, authToken: KEY });
  assert.equal((await anthropic.messages.create(question)).type, "message");
});

Deno.test("the Anthropic SDK recognises a wrong key, streaming or not", async () => {
  await using api = serveLockedModelApi();
  const { messages } = client(api, "wrong");
  await assert.rejects(messages.create(question), Anthropic.AuthenticationError);
  await assert.rejects(
    messages.stream(question).finalMessage(),
    Anthropic.AuthenticationError,
  );
});
