import * as v from "valibot";
import { Content, textOf, tokensOf, ToolMode } from "./conversation.ts";
import type { Endpoint } from "./endpoint.ts";
import type { StreamEvent } from "./event_stream.ts";
import { type Ask, newId, type Reply, type ToolChoice } from "./reply.ts";

const InputItem = v.looseObject({
  type: v.optional(v.string(), "message"),
  role: v.optional(v.string()),
  content: Content,
  output: v.optional(v.unknown()),
});

const ResponsesRequest = v.looseObject({
  model: v.string(),
  input: v.union([v.string(), v.array(InputItem)]),
  stream: v.nullish(v.boolean(), false),
  // A tool that OpenAI runs itself (`web_search`) has a type of its own.
  tools: v.optional(
    v.array(v.looseObject({
      type: v.string(),
      name: v.optional(v.string(), ""),
      parameters: v.optional(v.unknown()),
    })),
    [],
  ),
  tool_choice: v.optional(
    v.union([ToolMode, v.looseObject({ type: v.string(), name: v.optional(v.string()) })]),
    "auto",
  ),
});

type Body = v.InferOutput<typeof ResponsesRequest>;

/** `POST /v1/responses` */
export const responses: Endpoint = {
  dialect: "openai",
  read: (body) => askOf(v.parse(ResponsesRequest, body)),
  whole: (ask, reply) =>
    completed(ask, reply, openResponse(ask), [closeItem(openItem(reply), reply)]),
  events: responseEvents,
};

function askOf(body: Body): Ask {
  const items = typeof body.input === "string" ? [] : body.input;
  const last = items.at(-1);
  const afterTool = last?.type === "function_call_output";
  const spoken = typeof body.input === "string"
    ? body.input
    : textOf(items.findLast(({ role }) => role === "user")?.content);
  return {
    model: body.model,
    stream: body.stream ?? false,
    question: afterTool ? textOf(last?.output) : spoken,
    afterTool,
    tools: body.tools
      .filter(({ type }) => type === "function")
      .map(({ name, parameters }) => ({ name, schema: parameters })),
    toolChoice: toolChoiceOf(body.tool_choice),
    includeUsage: false,
    inputTokens: tokensOf(body.input),
  };
}

function toolChoiceOf(choice: Body["tool_choice"]): ToolChoice {
  return typeof choice === "string" ? { mode: choice } : { mode: "required", name: choice.name };
}

function* responseEvents(ask: Ask, reply: Reply): Generator<StreamEvent> {
  let sequence_number = 0;
  const numbered = (type: string, fields: object, after?: StreamEvent["after"]): StreamEvent => ({
    event: type,
    data: { type, sequence_number: sequence_number++, ...fields },
    ...(after && { after }),
  });
  const response = openResponse(ask);
  const item = openItem(reply);
  const closedItem = closeItem(item, reply);
  const at = { item_id: item.id, output_index: 0 };

  yield numbered("response.created", { response });
  yield numbered("response.in_progress", { response });
  yield numbered("response.output_item.added", { output_index: 0, item }, "thinking");
  if (reply.kind === "text") {
    const place = { ...at, content_index: 0 };
    yield numbered("response.content_part.added", { ...place, part: textPart("") });
    for (const delta of reply.pieces) {
      yield numbered("response.output_text.delta", { ...place, delta, logprobs: [] }, "word");
    }
    const { text } = reply;
    yield numbered("response.output_text.done", { ...place, text, logprobs: [] });
    yield numbered("response.content_part.done", { ...place, part: textPart(text) });
  } else {
    for (const delta of reply.pieces) {
      yield numbered("response.function_call_arguments.delta", { ...at, delta }, "word");
    }
    const { name, json } = reply;
    yield numbered("response.function_call_arguments.done", { ...at, name, arguments: json });
  }
  yield numbered("response.output_item.done", { output_index: 0, item: closedItem });
  yield numbered("response.completed", {
    response: completed(ask, reply, response, [closedItem]),
  });
}

function openResponse(ask: Ask) {
  return {
    id: newId("resp_"),
    object: "response",
    created_at: Math.floor(Date.now() / 1000),
    status: "in_progress",
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model: ask.model,
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: 1,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    truncation: "disabled",
    usage: null,
  };
}

function completed(ask: Ask, reply: Reply, response: object, output: object[]) {
  const outputTokens = reply.pieces.length;
  const usage = {
    input_tokens: ask.inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: ask.inputTokens + outputTokens,
  };
  return { ...response, status: "completed", output, usage };
}

function openItem(reply: Reply) {
  const status = "in_progress";
  if (reply.kind === "text") {
    return { id: newId("msg_"), type: "message", status, role: "assistant", content: [] };
  }
  const { name } = reply;
  const call_id = newId("call_");
  return { id: newId("fc_"), type: "function_call", status, call_id, name, arguments: "" };
}

function closeItem(item: ReturnType<typeof openItem>, reply: Reply) {
  const filled = reply.kind === "text"
    ? { content: [textPart(reply.text)] }
    : { arguments: reply.json };
  return { ...item, ...filled, status: "completed" };
}

function textPart(text: string) {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}
