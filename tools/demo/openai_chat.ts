import * as v from "valibot";
import { Content, textOf, tokensOf, ToolMode } from "./conversation.ts";
import type { Endpoint } from "./endpoint.ts";
import type { StreamEvent } from "./event_stream.ts";
import { type Ask, newId, type Reply, type ToolChoice } from "./reply.ts";

const ChatRequest = v.looseObject({
  model: v.string(),
  messages: v.pipe(
    v.array(v.looseObject({ role: v.string(), content: Content })),
    v.minLength(1),
  ),
  stream: v.nullish(v.boolean(), false),
  stream_options: v.nullish(v.looseObject({ include_usage: v.optional(v.boolean(), false) })),
  tools: v.optional(
    v.array(v.looseObject({
      function: v.optional(
        v.looseObject({ name: v.string(), parameters: v.optional(v.unknown()) }),
      ),
    })),
    [],
  ),
  tool_choice: v.optional(
    v.union([
      ToolMode,
      v.looseObject({ function: v.optional(v.looseObject({ name: v.string() })) }),
    ]),
    "auto",
  ),
});

type Body = v.InferOutput<typeof ChatRequest>;

/** `POST /v1/chat/completions` */
export const chatCompletions: Endpoint = {
  dialect: "openai",
  read: (body) => askOf(v.parse(ChatRequest, body)),
  whole: (ask, reply) => ({
    ...envelope(ask, "chat.completion"),
    choices: [choice({ message: finishedMessage(reply), finish_reason: finishReason(reply) })],
    usage: usage(ask, reply),
  }),
  events: chunkEvents,
};

function askOf(body: Body): Ask {
  const last = body.messages.at(-1);
  const afterTool = last?.role === "tool";
  const spoken = body.messages.findLast(({ role }) => role === "user");
  return {
    model: body.model,
    stream: body.stream ?? false,
    question: textOf((afterTool ? last : spoken)?.content),
    afterTool,
    tools: body.tools.flatMap(({ function: tool }) =>
      tool === undefined ? [] : [{ name: tool.name, schema: tool.parameters }]
    ),
    toolChoice: toolChoiceOf(body.tool_choice),
    includeUsage: body.stream_options?.include_usage ?? false,
    inputTokens: tokensOf(body.messages),
  };
}

function toolChoiceOf(choice: Body["tool_choice"]): ToolChoice {
  if (typeof choice === "string") return { mode: choice };
  return { mode: "required", name: choice.function?.name };
}

function* chunkEvents(ask: Ask, reply: Reply): Generator<StreamEvent> {
  const head = {
    ...envelope(ask, "chat.completion.chunk"),
    ...(ask.includeUsage && { usage: null }),
  };
  const chunk = (delta: object, finish_reason: string | null = null) => ({
    data: { ...head, choices: [choice({ delta, finish_reason })] },
  });
  yield { ...chunk(openDelta(reply)), after: "thinking" };
  for (const piece of reply.pieces) {
    const delta = reply.kind === "text"
      ? { content: piece }
      : { tool_calls: [{ index: 0, function: { arguments: piece } }] };
    yield { ...chunk(delta), after: "word" };
  }
  yield chunk({}, finishReason(reply));
  if (ask.includeUsage) yield { data: { ...head, choices: [], usage: usage(ask, reply) } };
  yield { data: "[DONE]" };
}

function envelope(ask: Ask, object: string) {
  return {
    id: newId("chatcmpl-"),
    object,
    created: Math.floor(Date.now() / 1000),
    model: ask.model,
    service_tier: "default",
    system_fingerprint: null,
  };
}

function choice(fields: object) {
  return { index: 0, logprobs: null, ...fields };
}

function openDelta(reply: Reply) {
  if (reply.kind === "text") return { role: "assistant", content: "", refusal: null };
  return {
    role: "assistant",
    content: null,
    tool_calls: [{ index: 0, ...toolCall(reply.name, "") }],
  };
}

function finishedMessage(reply: Reply) {
  const message = { role: "assistant", refusal: null, annotations: [] };
  return reply.kind === "text"
    ? { ...message, content: reply.text }
    : { ...message, content: null, tool_calls: [toolCall(reply.name, reply.json)] };
}

function toolCall(name: string, json: string) {
  return { id: newId("call_"), type: "function", function: { name, arguments: json } };
}

function finishReason(reply: Reply): string {
  return reply.kind === "text" ? "stop" : "tool_calls";
}

function usage(ask: Ask, reply: Reply) {
  const completion_tokens = reply.pieces.length;
  return {
    prompt_tokens: ask.inputTokens,
    completion_tokens,
    total_tokens: ask.inputTokens + completion_tokens,
  };
}
