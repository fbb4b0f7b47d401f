/** The API that a caller speaks, and so whose errors and lists it understands. */
export type Dialect = "anthropic" | "openai";

/** An `/anthropic` segment (as in Foundry), or the Messages API. */
const ANTHROPIC_PATH = /\/(?:anthropic|v1\/messages)(?:\/|$)/;

/** An `/openai` segment (as in Azure OpenAI), or an API that only OpenAI's clients know. */
const OPENAI_PATH =
  /\/(?:openai|responses|chat\/completions|completions|embeddings|images|realtime)(?:\/|$)/;

/**
 * Tells which API a caller speaks. Its path decides where it can. Elsewhere, as in `/v1/models`,
 * `anthropic-version` tells Anthropic's clients, and so does `x-api-key`, in which no client of
 * OpenAI's sends a key: Claude Code asks for models with that alone.
 *
 * @param path the path of the request, without its query
 */
export function dialectOf(path: string, headers: Headers): Dialect {
  if (ANTHROPIC_PATH.test(path)) return "anthropic";
  if (OPENAI_PATH.test(path)) return "openai";
  return headers.has("anthropic-version") || headers.has("x-api-key") ? "anthropic" : "openai";
}
