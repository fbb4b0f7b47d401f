import * as v from "valibot";
import type { Endpoint } from "./endpoint.ts";
import { Content, textOf, tokensOf } from "./conversation.ts";
import type { StreamEvent } from "./event_stream.ts";
import { type Ask, newId, type Reply } from "./reply.ts";

const CountTokensRequest = v.looseObject({
  model: v.string(),
  messages: v.pipe(
    v.array(v.looseObject({ role: v.picklist(["user", "assistant", "system"]), content: Content })),
    v.minLength(1),
  ),
  stream: v.optional(v.boolean(), false),
  // A tool that Anthropic runs itself (`web_search_20250305`) has no schema.
  tools: v.optional(
    v.array(v.looseObject({ name: v.optional(v.string(), ""), input_schema: v.optional(v.any()) })),
    [],
  ),
  tool_choice: v.optional(
    v.looseObject({
      type: v.picklist(["auto", "any", "tool", "none"]),
      name: v.optional(v.string()),
    }),
    { type: "auto" },
  ),
});

const MessagesRequest = v.looseObject({
  ...CountTokensRequest.entries,
  max_tokens: v.pipe(v.number(), v.minValue(1)),
});

type Body = v.InferOutput<typeof CountTokensRequest>;

/** `POST /v1/messages` */
export const messages: Endpoint = {
  dialect: "anthropic",
  read: (body) => askOf(v.parse(MessagesRequest, body)),
  whole: (ask, reply) => ({
    ...emptyMessage(ask),
    content: [finishedBlock(reply)],
    stop_reason: stopReason(reply),
    usage: usage(ask, reply.pieces.length),
  }),
  events: messageEvents,
};

/** `POST /v1/messages/count_tokens` */
export const countTokens: Endpoint = {
  dialect: "anthropic",
  read: (body) => ({ ...askOf(v.parse(CountTokensRequest, body)), stream: false }),
  whole: (ask) => ({ input_tokens: ask.inputTokens }),
};

function askOf(body: Body): Ask {
  const last = body.messages.findLast(({ role }) => role === "user")?.content ?? "";
  const toolResult = Array.isArray(last)
    ? last.findLast(({ type }) => type === "tool_result")
    : undefined;
  const { type, name } = body.tool_choice;
  return {
    model: body.model,
    stream: body.stream,
    question: textOf(last) || textOf(toolResult?.content),
    afterTool: toolResult !== undefined,
    tools: body.tools
      .filter((tool) => tool.input_schema !== undefined)
      .map((tool) => ({ name: tool.name, schema: tool.input_schema })),
    toolChoice: { mode: type === "auto" || type === "none" ? type : "required", name },
    includeUsage: false,
    inputTokens: tokensOf(body),
  };
}

function* messageEvents(ask: Ask, reply: Reply): Generator<StreamEvent> {
  const index = 0;
  yield event("message_start", { message: { ...emptyMessage(ask), usage: usage(ask, 1) } });
  yield {
    ...event("content_block_start", { index, content_block: openBlock(reply) }),
    after: "thinking",
  };
  yield event("ping", {});
  for (const piece of reply.pieces) {
    const delta = reply.kind === "text"
      ? { type: "text_delta", text: piece }
      : { type: "input_json_delta", partial_json: piece };
    yield { ...event("content_block_delta", { index, delta }), after: "word" };
  }
  yield event("content_block_stop", { index });
  yield event("message_delta", {
    delta: { stop_reason: stopReason(reply), stop_sequence: null },
    usage: { output_tokens: reply.pieces.length },
  });
  yield event("message_stop", {});
}

function event(type: string, fields: object): StreamEvent {
  return { event: type, data: { type, ...fields } };
}

function emptyMessage(ask: Ask) {
  return {
    id: newId("msg_"),
    type: "message",
    role: "assistant",
    model: ask.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
  };
}

function openBlock(reply: Reply) {
  return reply.kind === "text"
    ? { type: "text", text: "" }
    : { type: "tool_use", id: newId("toolu_"), name: reply.name, input: {} };
}

function finishedBlock(reply: Reply) {
  const block = openBlock(reply);
  return reply.kind === "text" ? { ...block, text: reply.text } : { ...block, input: reply.input };
}

function stopReason(reply: Reply): string {
  return reply.kind === "text" ? "end_turn" : "tool_use";
}

function usage(ask: Ask, outputTokens: number) {
  return {
    input_tokens: ask.inputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: outputTokens,
    service_tier: "standard",
  };
}
