import assert from "node:assert/strict";
import { listSettings } from "../../../src/config/load/loaded_settings.ts";
import { failure, load, REQUIRED } from "./loading.ts";

Deno.test("models come from the file, in its order, with variables expanded", async () => {
  const { settings: { models } } = await load({
    env: { ...REQUIRED, DEPLOYMENT: "claude-prod" },
    toml: `
[[models]]
id = "$DEPLOYMENT"
api = "anthropic"
[[models]]
id = "gpt-5"
display_name = "GPT 5"
api = "openai"
`,
  });
  assert.deepEqual(models, [
    { id: "claude-prod", api: "anthropic" },
    { id: "gpt-5", display_name: "GPT 5", api: "openai" },
  ]);
});

Deno.test("no models are an empty list", async () => {
  assert.deepEqual((await load({ toml: "" })).settings.models, []);
});

Deno.test("a model may be listed once for each API", async () => {
  const { settings: { models } } = await load({
    toml: '[[models]]\nid = "a"\napi = "openai"\n[[models]]\nid = "a"\napi = "anthropic"',
  });
  assert.equal(models.length, 2);
});

Deno.test("every listed model is shown with the line of each value", async () => {
  const loaded = await load({
    toml: '[[models]]\nid = "a"\napi = "openai"\n\n[[models]]\napi = "anthropic"\nid = "b"',
  });
  const listed = listSettings(loaded).filter(({ path }) => path.startsWith("models"));
  assert.deepEqual(listed.map(({ path, value, source }) => `${path} = ${value} (${source})`), [
    'models[0].id = "a" (config.toml:2)',
    "models[0].display_name = the id (default)",
    'models[0].api = "openai" (config.toml:3)',
    'models[1].id = "b" (config.toml:7)',
    "models[1].display_name = the id (default)",
    'models[1].api = "anthropic" (config.toml:6)',
  ]);
});

const WRONG: [name: string, file: string, complaint: string][] = [
  [
    "an unknown key",
    '[[models]]\nid = "a"\napi = "openai"\n[[models]]\nid = "b"\napi = "openai"\nnmae = "x"',
    "config.toml:7: unknown key nmae in [[models]]",
  ],
  [
    "a missing key",
    '[[models]]\nid = "a"',
    "config.toml:1: models[0].api is not set (one of anthropic, openai)",
  ],
  [
    "a wrong word",
    '[[models]]\nid = "a"\napi = "opanai"',
    'config.toml:3: models[0].api: expected one of "anthropic", "openai", got "opanai"; did you mean openai?',
  ],
  [
    "a variable that is not set",
    '[[models]]\nid = "$NOWHERE"\napi = "openai"',
    "config.toml:2: models[0].id: the variable NOWHERE is not set; a literal $ is written $$",
  ],
  [
    "a model listed twice",
    '[[models]]\nid = "a"\napi = "openai"\n[[models]]\napi = "openai"\nid = "a"',
    "config.toml:6: models[1].id: expected id and api only once, but models[0] (config.toml:2) " +
    "has the same",
  ],
  [
    "a table in place of a list",
    '[models]\nid = "a"',
    "config.toml:1: models: expected tables, each under [[models]]",
  ],
  [
    "a misspelled list",
    '[[model]]\nid = "a"',
    "config.toml:1: unknown key model; did you mean models?",
  ],
];

for (const [name, file, complaint] of WRONG) {
  Deno.test(`${name} in the models list is a complaint with its line`, async () => {
    assert.deepEqual((await failure({ toml: file })).complaints, [complaint]);
  });
}
