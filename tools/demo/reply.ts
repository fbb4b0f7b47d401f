/** A tool the caller offers, the same in every dialect. */
export interface Tool {
  name: string;
  /** JSON Schema of its arguments. */
  schema: unknown;
}

/** How freely the model may choose among the tools: `name` forces that one. */
export interface ToolChoice {
  mode: "auto" | "required" | "none";
  name?: string | undefined;
}

/** What a request asks of the model, the same in every dialect. */
export interface Ask {
  model: string;
  stream: boolean;
  /** The last thing the user said, or that a tool answered. */
  question: string;
  /** Whether the conversation ends with a tool's answer. */
  afterTool: boolean;
  tools: Tool[];
  toolChoice: ToolChoice;
  /** Chat Completions only: send a last chunk with the token counts. */
  includeUsage: boolean;
  /** A guess: a quarter of the body's characters. */
  inputTokens: number;
}

/** What the model answers. Its pieces, joined, are its text or its arguments. */
export type Reply =
  | { kind: "text"; text: string; pieces: string[] }
  | { kind: "tool"; name: string; input: unknown; json: string; pieces: string[] };

/** Words of the question that are quoted back before "…". */
const QUOTED_WORDS = 40;

/** Characters of tool arguments that travel in one event. */
const ARGUMENT_PIECE = /.{1,12}/gsu;

/**
 * Composes the answer to a request: a tool call where one is due, else a text
 * that quotes the question, cut into words.
 *
 * @param ask What was asked.
 * @returns The same reply for the same request.
 */
export function replyTo(ask: Pick<Ask, "question" | "afterTool" | "tools" | "toolChoice">): Reply {
  const tool = dueTool(ask);
  if (tool === undefined) return textReply(ask.question, ask.afterTool);
  const input = sampleOf(tool.schema, ask.question);
  const json = JSON.stringify(input);
  return { kind: "tool", name: tool.name, input, json, pieces: json.match(ARGUMENT_PIECE) ?? [] };
}

function textReply(question: string, afterTool: boolean): Reply {
  const opening = afterTool ? "The tool answered" : "You asked";
  const text = `${opening}: “${shortened(question)}” ` +
    "I am a stand-in and know nothing, but each of these words travelled in an event of its own.";
  return { kind: "text", text, pieces: text.match(/\s*\S+/g) ?? [] };
}

function shortened(question: string): string {
  const words = question.split(/\s+/).filter((word) => word !== "");
  const quoted = words.slice(0, QUOTED_WORDS).join(" ");
  return words.length > QUOTED_WORDS ? `${quoted} …` : quoted;
}

/**
 * A tool is called when the request forces one or offers exactly one. Coding
 * agents offer a dozen at once; running one of theirs on a made-up argument
 * would do something real on the user's machine, so they are answered in words.
 */
function dueTool(ask: Pick<Ask, "afterTool" | "tools" | "toolChoice">): Tool | undefined {
  const { afterTool, tools, toolChoice } = ask;
  if (afterTool || toolChoice.mode === "none") return undefined;
  if (toolChoice.name !== undefined) return tools.find((tool) => tool.name === toolChoice.name);
  return toolChoice.mode === "required" || tools.length === 1 ? tools[0] : undefined;
}

interface Schema {
  type?: unknown;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, unknown>;
}

/** The plainest value that fits a JSON Schema; strings say what was asked. */
function sampleOf(schema: unknown, question: string): unknown {
  const { type, enum: choices, properties = {}, required }: Schema = Object(schema);
  if (Array.isArray(choices) && choices.length > 0) return choices[0];
  switch (Array.isArray(type) ? type[0] : type) {
    case "string":
      return question;
    case "number":
    case "integer":
      return 1;
    case "boolean":
      return true;
    case "array":
      return [];
    case "null":
      return null;
    default: {
      const names = Array.isArray(required) ? required : Object.keys(properties);
      return Object.fromEntries(names.map((name) => [name, sampleOf(properties[name], question)]));
    }
  }
}

/** An identifier such as `msg_5f0c…`, unique to each call. */
export function newId(prefix: string): string {
  return prefix + crypto.randomUUID().replaceAll("-", "").slice(0, 24);
}
