import type { Dialect } from "../clients/dialect.ts";
import type { ModelSettings } from "../config/schema/settings.ts";

/** `…/v1/models` and `…/v1/models/{id}`, as both APIs have it. */
const MODELS_PATH = /\/v1\/models(?:\/([^/]+))?$/;

/** "May be set to an epoch value if the release date is unknown", says Anthropic's reference. */
const UNKNOWN_RELEASE = new Date(0);

/**
 * Answers a request for the list of models, or for one that is on it, in the dialect the client
 * speaks. Only clients that are authenticated may be given it.
 *
 * @param asked the request's method, its path without the query, and its client's dialect
 * @returns `undefined` where the request is another, or where nothing is listed for the API or under
 * the name: then the upstream is asked
 */
export function modelsResponse(
  { method, path, dialect }: { method: string; path: string; dialect: Dialect },
  models: readonly ModelSettings[],
): Response | undefined {
  const [found, id] = method === "GET" ? MODELS_PATH.exec(path) ?? [] : [];
  if (found === undefined) return undefined;
  const listed = models.filter(({ api }) => api === dialect);
  if (id === undefined) return listed.length > 0 ? listResponse(listed, dialect) : undefined;
  const model = listed.find((model) => model.id === decoded(id));
  return model && Response.json(entry(model, dialect));
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id; // A stray % is in the name of no model.
  }
}

/**
 * The whole list is one page, whatever `limit` asks for.
 *
 * Anthropic: https://docs.anthropic.com/en/api/models-list
 * OpenAI: https://platform.openai.com/docs/api-reference/models/list
 */
function listResponse(models: readonly ModelSettings[], dialect: Dialect): Response {
  const data = models.map((model) => entry(model, dialect));
  if (dialect === "openai") return Response.json({ object: "list", data });
  const ids = { first_id: models.at(0)?.id, last_id: models.at(-1)?.id };
  return Response.json({ data, has_more: false, ...ids });
}

function entry({ id, display_name = id }: ModelSettings, dialect: Dialect): unknown {
  return dialect === "anthropic"
    ? { type: "model", id, display_name, created_at: UNKNOWN_RELEASE.toISOString() }
    : { id, object: "model", created: UNKNOWN_RELEASE.getTime(), owned_by: "claude-proxy" };
}
