import assert from "node:assert/strict";
import { dialectOf } from "../../../src/clients/dialect.ts";
import type { ModelSettings } from "../../../src/config/schema/settings.ts";
import { modelsResponse } from "../../../src/proxy/models.ts";

const CLAUDE: ModelSettings = { id: "claude-a", display_name: "Claude A", api: "anthropic" };
const GPT: ModelSettings = { id: "org/gpt b", api: "openai" };
const KEY = { "x-api-key": "k" };
const BEARER = { authorization: "Bearer k" };

/** What the proxy answers itself to a GET with these headers. */
function answerTo(path: string, headers: Record<string, string>, models: ModelSettings[]) {
  const dialect = dialectOf(path, new Headers(headers));
  return modelsResponse({ method: "GET", path, dialect }, models);
}

type Asked = [
  path: string,
  headers: Record<string, string>,
  models: ModelSettings[],
  listed: string[] | "upstream",
];

const CASES: Asked[] = [
  ["/anthropic/v1/models", BEARER, [CLAUDE, GPT], ["claude-a"]],
  ["/v1/models", KEY, [CLAUDE, GPT], ["claude-a"]],
  ["/v1/models", { ...BEARER, "anthropic-version": "2023-06-01" }, [CLAUDE, GPT], ["claude-a"]],
  ["/openai/v1/models", BEARER, [CLAUDE, GPT], ["org/gpt b"]],
  ["/openai/v1/models", { "api-key": "k" }, [CLAUDE, GPT], ["org/gpt b"]],
  ["/anthropic/v1/models", BEARER, [GPT], "upstream"],
  ["/openai/v1/models", BEARER, [CLAUDE], "upstream"],
  ["/v1/models", KEY, [], "upstream"],
  ["/v1/models/", KEY, [CLAUDE], "upstream"],
  ["/v1/modelsx", KEY, [CLAUDE], "upstream"],
  ["/v1/models/claude-a", KEY, [CLAUDE], ["claude-a"]],
  ["/v1/models/org%2Fgpt%20b", BEARER, [GPT], ["org/gpt b"]],
  ["/v1/models/other", KEY, [CLAUDE], "upstream"],
  ["/v1/models/%zz", KEY, [CLAUDE], "upstream"],
];

for (const [path, given, models, listed] of CASES) {
  const names = models.map(({ api }) => api).join("+") || "none";
  Deno.test(`GET ${path} with ${Object.keys(given).join(", ")}, ${names} listed: ${listed}`, async () => {
    const response = answerTo(path, given, models);
    if (listed === "upstream") return assert.equal(response, undefined);
    const body = await response?.json();
    assert.deepEqual((body.data ?? [body]).map(({ id }: { id: string }) => id), listed);
  });
}

Deno.test("each dialect has the members its API documents", async () => {
  const answer = async (headers: Record<string, string>) =>
    await answerTo("/v1/models", headers, [CLAUDE, GPT])?.json();
  assert.deepEqual(await answer(KEY), {
    data: [{
      type: "model",
      id: "claude-a",
      display_name: "Claude A",
      created_at: "1970-01-01T00:00:00.000Z",
    }],
    has_more: false,
    first_id: "claude-a",
    last_id: "claude-a",
  });
  assert.deepEqual(await answer(BEARER), {
    object: "list",
    data: [{ id: "org/gpt b", object: "model", created: 0, owned_by: "claude-proxy" }],
  });
});

Deno.test("only GET is answered", () => {
  for (const method of ["HEAD", "POST", "DELETE"]) {
    const asked = { method, path: "/v1/models", dialect: "anthropic" } as const;
    assert.equal(modelsResponse(asked, [CLAUDE]), undefined);
  }
});
