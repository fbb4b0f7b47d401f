import assert from "node:assert/strict";
import { createModelApi } from "../../../tools/demo/model_api.ts";
import { serveModelApi } from "./served_model_api.ts";

const api = createModelApi({ thinkingTime: 0, wordTime: 0 });
const origin = "http://stand-in.test";

const anthropicBody = JSON.stringify({
  model: "claude-demo",
  max_tokens: 10,
  messages: [{ role: "user", content: "hello" }],
});
const responsesBody = JSON.stringify({ model: "gpt-demo", input: "hello" });
const chatBody = JSON.stringify({
  model: "gpt-demo",
  messages: [{ role: "user", content: "hello" }],
});

function post(path: string, body: string, headers: HeadersInit = {}): Request {
  return new Request(origin + path, { method: "POST", body, headers });
}

for (
  const [path, body] of [
    ["/v1/messages", anthropicBody],
    ["/v1/messages?beta=true", anthropicBody],
    ["/anthropic/v1/messages", anthropicBody],
    ["/anthropic/v1/messages/count_tokens", anthropicBody],
    ["/v1/responses", responsesBody],
    ["/openai/responses", responsesBody],
    ["/openai/v1/responses", responsesBody],
    ["/v1/chat/completions", chatBody],
    ["/openai/v1/chat/completions", chatBody],
  ] as const
) {
  Deno.test(`POST ${path} is served`, async () => {
    const response = await api(post(path, body));
    await response.body?.cancel();
    assert.equal(response.status, 200);
  });
}

for (const path of ["/", "/anthropic", "/anthropic/", "/openai", "/openai/v1"]) {
  for (const method of ["GET", "HEAD"]) {
    Deno.test(`${method} ${path} answers that the API is there`, async () => {
      const response = await api(new Request(origin + path, { method }));
      assert.equal(response.status, 200);
      assert.equal(await response.text() === "", method === "HEAD");
    });
  }
}

for (
  const [path, headers, dialect] of [
    ["/anthropic/v1/nothing", {}, "anthropic"],
    ["/v1/nothing", { "anthropic-version": "2023-06-01" }, "anthropic"],
    ["/openai/v1/nothing", {}, "openai"],
    ["/nothing", {}, "openai"],
  ] as const
) {
  Deno.test(`an unknown operation ${path} gets a 404 worded as ${dialect} does`, async () => {
    const response = await api(post(path, "{}", headers));
    assert.equal(response.status, 404);
    const { type, error } = await response.json();
    assert.equal(type, dialect === "anthropic" ? "error" : undefined);
    assert.equal(
      error.type,
      dialect === "anthropic" ? "not_found_error" : "invalid_request_error",
    );
    assert.equal(
      error.message,
      `Unknown operation POST ${path.replace(/^\/(anthropic|openai)/, "")}`,
    );
  });
}

for (
  const [flaw, path, body, complaint] of [
    ["no JSON", "/v1/messages", "{", /not valid JSON/],
    ["no object", "/v1/responses", "7", /^body: /],
    ["no conversation", "/v1/messages", '{"model":"m","max_tokens":1}', /^messages: /],
    ["an empty conversation", "/v1/chat/completions", '{"model":"m","messages":[]}', /^messages: /],
    ["no model and no input", "/v1/responses", "{}", /^model: .*; input: /],
  ] as const
) {
  Deno.test(`a body with ${flaw} gets a 400 that says so`, async () => {
    const response = await api(post(path, body));
    assert.equal(response.status, 400);
    const { error } = await response.json();
    assert.equal(error.type, "invalid_request_error");
    assert.match(error.message, complaint);
  });
}

for (const status of [400, 403, 404, 413, 429, 500, 503, 529]) {
  Deno.test(`the model error-${status} fails with that status in both dialects`, async () => {
    const model = `error-${status}`;
    for (
      const [path, body] of [["/v1/messages", anthropicBody], ["/v1/responses", responsesBody]]
    ) {
      const failing = JSON.stringify({ ...JSON.parse(body ?? ""), model, stream: true });
      const response = await api(post(path ?? "", failing));
      assert.equal(response.status, status);
      assert.ok((await response.json()).error.type);
    }
  });
}

Deno.test("a wrong key is refused before the body is looked at", async () => {
  const locked = createModelApi({ acceptsKey: () => false });
  const response = await locked(post("/v1/messages", "{"));
  assert.equal(response.status, 401);
  assert.equal((await response.json()).error.type, "authentication_error");
});

Deno.test("the hook sees every request, known or not", async () => {
  const seen: string[] = [];
  const watched = createModelApi({
    onRequest: ({ method, url }) => seen.push(`${method} ${new URL(url).pathname}`),
  });
  await watched(new Request(`${origin}/anthropic`, { method: "HEAD" }));
  await watched(post("/nothing", "{}"));
  assert.deepEqual(seen, ["HEAD /anthropic", "POST /nothing"]);
});

Deno.test("an answer takes a while to begin, then comes word by word", async () => {
  const waits: number[] = [];
  const sleep = (ms: number) => (waits.push(ms), Promise.resolve());
  const slow = createModelApi({ thinkingTime: 300, wordTime: 20, sleep });
  const streamed = await slow(post(
    "/v1/responses",
    JSON.stringify({
      ...JSON.parse(responsesBody),
      stream: true,
    }),
  ));
  assert.deepEqual(waits, [], "nothing is said before the client reads");
  const text = await streamed.text();
  const words = text.match(/^event: response.output_text.delta$/gm)?.length ?? 0;
  assert.deepEqual(waits, [300, ...Array(words).fill(20)]);

  waits.length = 0;
  await slow(post("/v1/responses", responsesBody));
  assert.deepEqual(waits, [300 + 20 * words], "sent whole, it takes as long");
});

Deno.test("a client that disconnects ends the stream at once", async () => {
  let sleeps = 0;
  const abandoned = Promise.withResolvers<void>();
  await using served = serveModelApi({
    thinkingTime: 1,
    wordTime: 1,
    sleep(_ms, signal) {
      // The first words come at once, the fifth never.
      if (++sleeps < 5) return Promise.resolve();
      signal?.addEventListener("abort", () => abandoned.resolve());
      return abandoned.promise;
    },
  });
  const leaving = new AbortController();
  const response = await fetch(`${served.url}/v1/messages`, {
    method: "POST",
    body: JSON.stringify({ ...JSON.parse(anthropicBody), stream: true }),
    signal: leaving.signal,
  });
  const reader = response.body?.getReader();
  await reader?.read();
  leaving.abort();
  await assert.rejects(async () => {
    while (!(await reader?.read())?.done);
  });
  await abandoned.promise;
  assert.equal(sleeps, 5);
});
