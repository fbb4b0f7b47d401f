import assert from "node:assert/strict";
import OpenAI from "openai";
import {
  KEY,
  type ServedModelApi,
  serveLockedModelApi,
  WEATHER_SCHEMA,
} from "./served_model_api.ts";

const asked = { model: "gpt-demo", input: "Is the sea deep?" };
const chatted = {
  model: "gpt-demo",
  messages: [{ role: "user" as const, content: "Is the sea deep?" }],
};
const weatherTool = { type: "function" as const, name: "get_weather", parameters: WEATHER_SCHEMA };
const weatherAsked = { ...asked, tools: [{ ...weatherTool, strict: false }] };
const weatherChatted = {
  ...chatted,
  tools: [{
    type: "function" as const,
    function: { name: "get_weather", parameters: WEATHER_SCHEMA },
  }],
};
const weatherArguments = { city: "Is the sea deep?", unit: "celsius" };

function client(api: ServedModelApi, apiKey = KEY): OpenAI {
  return new OpenAI({ baseURL: `${api.url}/openai/v1`, apiKey, maxRetries: 0 });
}

Deno.test("the OpenAI SDK reads a whole response", async () => {
  await using api = serveLockedModelApi();
  const { data, request_id } = await client(api).responses.create(asked).withResponse();
  assert.match(request_id ?? "", /^req_/);
  assert.equal(data.status, "completed");
  assert.match(data.output_text, /^You asked: “Is the sea deep\?”/);
  assert.ok((data.usage?.output_tokens ?? 0) > 10);
});

Deno.test("the OpenAI SDK streams a response whose deltas make up the whole", async () => {
  await using api = serveLockedModelApi();
  const deltas: string[] = [];
  const stream = client(api).responses.stream(asked)
    .on("response.output_text.delta", ({ delta }) => deltas.push(delta));
  const response = await stream.finalResponse();
  assert.ok(deltas.length > 10);
  assert.equal(response.output_text, deltas.join(""));
  assert.equal(response.usage?.output_tokens, deltas.length);
});

Deno.test("response events come in the documented order, numbered without a gap", async () => {
  await using api = serveLockedModelApi();
  const types: string[] = [];
  let expected = 0;
  for await (const event of await client(api).responses.create({ ...asked, stream: true })) {
    assert.equal(event.sequence_number, expected++);
    if (event.type !== types.at(-1)) types.push(event.type);
  }
  assert.deepEqual(types, [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
  ]);
});

for (
  const [how, call] of [
    ["whole", (api: ServedModelApi) => client(api).responses.create(weatherAsked)],
    [
      "streamed",
      (api: ServedModelApi) => client(api).responses.stream(weatherAsked).finalResponse(),
    ],
  ] as const
) {
  Deno.test(`the OpenAI SDK reads a function call of a response, ${how}`, async () => {
    await using api = serveLockedModelApi();
    const [item] = (await call(api)).output;
    assert.ok(item?.type === "function_call");
    assert.equal(item.name, "get_weather");
    assert.equal(item.status, "completed");
    assert.deepEqual(JSON.parse(item.arguments), weatherArguments);
  });
}

Deno.test("function call arguments stream in more than one delta", async () => {
  await using api = serveLockedModelApi();
  let deltas = "";
  let count = 0;
  for await (const event of await client(api).responses.create({ ...weatherAsked, stream: true })) {
    if (event.type !== "response.function_call_arguments.delta") continue;
    deltas += event.delta;
    count++;
  }
  assert.ok(count > 1);
  assert.deepEqual(JSON.parse(deltas), weatherArguments);
});

Deno.test("a function call's output is answered in words", async () => {
  await using api = serveLockedModelApi();
  const response = await client(api).responses.create({
    ...weatherAsked,
    input: [
      { role: "user", content: "Is the sea deep?" },
      { type: "function_call", call_id: "call_1", name: "get_weather", arguments: "{}" },
      { type: "function_call_output", call_id: "call_1", output: "rain all week" },
    ],
  });
  assert.match(response.output_text, /^The tool answered: “rain all week”/);
});

Deno.test("the OpenAI SDK reads a whole chat completion", async () => {
  await using api = serveLockedModelApi();
  const completion = await client(api).chat.completions.create(chatted);
  assert.equal(completion.object, "chat.completion");
  assert.equal(completion.choices[0]?.finish_reason, "stop");
  assert.match(completion.choices[0].message.content ?? "", /^You asked: “Is the sea deep\?”/);
});

Deno.test("the OpenAI SDK streams a chat completion with the usage it asked for", async () => {
  await using api = serveLockedModelApi();
  const completion = await client(api).chat.completions
    .stream({ ...chatted, stream_options: { include_usage: true } })
    .finalChatCompletion();
  assert.match(completion.choices[0]?.message.content ?? "", /^You asked: .* own\.$/);
  assert.ok((completion.usage?.completion_tokens ?? 0) > 10);
});

Deno.test("a chat completion carries no usage unless asked, and ends with [DONE]", async () => {
  await using api = serveLockedModelApi();
  const answer = await fetch(`${api.url}/openai/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ ...chatted, stream: true }),
  });
  const text = await answer.text();
  assert.ok(text.endsWith("data: [DONE]\n\n"));
  assert.doesNotMatch(text, /usage/);
});

for (
  const [how, call] of [
    ["whole", (api: ServedModelApi) => client(api).chat.completions.create(weatherChatted)],
    [
      "streamed",
      (api: ServedModelApi) =>
        client(api).chat.completions.stream(weatherChatted).finalChatCompletion(),
    ],
  ] as const
) {
  Deno.test(`the OpenAI SDK reads a tool call of a chat completion, ${how}`, async () => {
    await using api = serveLockedModelApi();
    const [choice] = (await call(api)).choices;
    assert.equal(choice?.finish_reason, "tool_calls");
    const [toolCall] = choice.message.tool_calls ?? [];
    assert.ok(toolCall?.type === "function");
    assert.equal(toolCall.function.name, "get_weather");
    assert.deepEqual(JSON.parse(toolCall.function.arguments), weatherArguments);
  });
}

for (
  const [operation, call] of [
    ["a response", (openai: OpenAI, model: string) => openai.responses.create({ ...asked, model })],
    [
      "a chat completion",
      (openai: OpenAI, model: string) => openai.chat.completions.create({ ...chatted, model }),
    ],
  ] as const
) {
  Deno.test(`the OpenAI SDK recognises an overloaded model, asking for ${operation}`, async () => {
    await using api = serveLockedModelApi();
    await assert.rejects(Promise.resolve(call(client(api), "error-529")), (error) => {
      assert.ok(error instanceof OpenAI.InternalServerError);
      assert.deepEqual([error.status, error.type], [529, "overloaded_error"]);
      return true;
    });
  });

  Deno.test(`the OpenAI SDK recognises a bad request, asking for ${operation}`, async () => {
    await using api = serveLockedModelApi();
    await assert.rejects(Promise.resolve(call(client(api), "error-400")), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.type, "invalid_request_error");
      return true;
    });
  });

  Deno.test(`the OpenAI SDK recognises a wrong key, asking for ${operation}`, async () => {
    await using api = serveLockedModelApi();
    await assert.rejects(Promise.resolve(call(client(api, "wrong"), "gpt-demo")), (error) => {
      assert.ok(error instanceof OpenAI.AuthenticationError);
      assert.equal(error.code, "invalid_api_key");
      return true;
    });
  });
}
