import Anthropic from "@anthropic-ai/sdk";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Where readers find names of models to copy; what is generated from another file is left out. */
const PLACES = ["README.md", "docs", "deploy", "src/config/schema"];

const CLAUDE = /\bclaude-[a-z]+-\d+(?:-\d+)*\b/g;
const GPT = /\bgpt-\d[\w.-]*\w/g;

Deno.test("the SDKs know every model that an example names, and call none deprecated", async () => {
  const named = await Array.fromAsync(files(), namesIn);
  assert.ok(named.some(({ claude, gpt }) => claude.length > 0 && gpt.length > 0));
  const faults: string[] = [];
  for (const { file, claude, gpt } of named) {
    for (const model of claude) faults.push(...await claudeFaults(model, file));
    for (const model of gpt) faults.push(...await gptFaults(model, file));
  }
  assert.deepEqual(faults, []);
});

Deno.test("a model that is unknown or deprecated is told with the file to change", async () => {
  assert.match(
    (await claudeFaults("claude-none-1", "a.md")).join(),
    /^a\.md: .* knows no claude-n/,
  );
  const [deprecated = ""] = await gptFaults("gpt-4-32k", "a.md");
  assert.equal(deprecated, "a.md: the openai SDK calls gpt-4-32k deprecated: name another there");
  const warned = await claudeFaults("claude-sonnet-4-5", "a.md");
  assert.match(warned.join(), /^a\.md: .* calls claude-sonnet-4-5 deprecated: name another there$/);
});

/** By its type of models, and by what it prints where it is asked for one. */
async function claudeFaults(model: string, file: string): Promise<string[]> {
  const types = await declarations("@anthropic-ai/sdk/resources/messages/messages");
  const [, known = ""] = /^export type Model = (.*);$/m.exec(types) ?? [];
  if (!known.includes(`'${model}'`)) return [`${file}: @anthropic-ai/sdk knows no ${model}`];
  const warnings = await warningsFor(model);
  const fault = `${file}: @anthropic-ai/sdk calls ${model} deprecated: name another there`;
  return warnings.some((warning) => warning.includes("deprecated")) ? [fault] : [];
}

/** By its type of models, and by the comment above it: the SDK prints nothing. */
async function gptFaults(model: string, file: string): Promise<string[]> {
  const types = await declarations("openai/resources/shared");
  const found = /^ \* Deprecated values:\n([^]*?)\*\/\nexport type ChatModel = (.*);$/m.exec(types);
  const [, deprecated = "", known = ""] = found ?? [];
  if (!known.includes(`'${model}'`)) return [`${file}: the openai SDK knows no ${model}`];
  const fault = `${file}: the openai SDK calls ${model} deprecated: name another there`;
  return deprecated.includes(`"${model}"`) ? [fault] : [];
}

async function warningsFor(model: string): Promise<string[]> {
  const warnings: string[] = [];
  const { warn } = console;
  console.warn = (...values: unknown[]) => void warnings.push(values.join(" "));
  try {
    const client = new Anthropic({
      apiKey: "a-key",
      fetch: () => Promise.resolve(Response.json({ type: "message", content: [] })),
    });
    await client.messages.create({ model, max_tokens: 1, messages: [] });
  } finally {
    console.warn = warn;
  }
  return warnings;
}

/** What a module of a package declares. */
async function declarations(module: string): Promise<string> {
  const url = import.meta.resolve(module).replace(/\.mjs$/, ".d.ts");
  return await Deno.readTextFile(new URL(url));
}

async function* files(): AsyncGenerator<string> {
  for (const place of PLACES) yield* filesBelow(place);
}

async function* filesBelow(path: string): AsyncGenerator<string> {
  if ((await Deno.stat(ROOT + path)).isFile) return yield path;
  for await (const { name } of Deno.readDir(ROOT + path)) yield* filesBelow(`${path}/${name}`);
}

async function namesIn(file: string) {
  const text = await Deno.readTextFile(ROOT + file);
  const all = (pattern: RegExp) => [...new Set(text.match(pattern) ?? [])];
  return { file, claude: all(CLAUDE), gpt: all(GPT) };
}
