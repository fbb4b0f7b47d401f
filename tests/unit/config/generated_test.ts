import assert from "node:assert/strict";
import { exampleToml } from "../../../tools/settings/example.ts";
import { markerOf, readmeTable, withTables } from "../../../tools/settings/readme_tables.ts";
import { allSections, allSettings } from "../../../src/config/schema/placed_setting.ts";
import { load } from "./loading.ts";

const ROOT = new URL("../../../", import.meta.url);
const KEYS = { CLIENT_API_KEY: "client-key", UPSTREAM_API_KEY: "upstream-key" };

Deno.test("config.example.toml is what the schema says (if not: deno task generate)", async () => {
  assert.equal(await Deno.readTextFile(new URL("config.example.toml", ROOT)), exampleToml());
});

Deno.test("README.md holds the tables the schema says (if not: deno task generate)", async () => {
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  assert.equal(readme, withTables(readme));
});

Deno.test("the example loads as it is, once its two variables are set", async () => {
  const { settings } = await load({ toml: exampleToml(), env: KEYS });
  assert.deepEqual(settings.client_api_key, ["client-key"]);
  assert.deepEqual(settings.upstream_auth, {
    type: "api_key",
    api_key: "upstream-key",
    header: "auto",
  });
});

Deno.test("the example loads with every line in force, for every type", async () => {
  for (const { keys, section: { variants } } of allSections()) {
    const name = keys.join(".");
    for (const variant of Object.keys(variants?.of ?? {})) {
      const line = `[${name}]\n\n$<comments>${variants?.by} = "${variant}"`;
      const first = new RegExp(`\\[${name}\\]\\n\\n(?<comments>(#.*\\n)*)${variants?.by} = ".*"`);
      const toml = exampleToml().replace(/^#(?=\w+ = |\[\[)/gm, "").replace(first, line);
      const { settings } = await load({ toml, env: everyVariableOf(toml) });
      assert.equal(settings.models.length, 1);
    }
  }
});

Deno.test("the example shows every setting with its flag and variable", () => {
  const example = exampleToml();
  for (const { setting, variable } of allSettings()) {
    assert.match(example, new RegExp(`^#?${setting.key} = `, "m"));
    assert.ok(example.includes(variable) && example.includes(setting.flag ?? ""), variable);
  }
});

Deno.test("a table is aligned as deno fmt aligns it", async () => {
  for (const table of allSections().map(readmeTable)) {
    assert.equal(await formatted(table + "\n"), table + "\n");
  }
});

Deno.test("tables replace what stands between the markers, again and again", () => {
  const readme = allSections().map(markerOf)
    .map((name) => `<!-- settings:${name} -->\n<!-- /settings:${name} -->\n`)
    .join("between\n");
  const once = withTables(readme);
  assert.equal(withTables(once), once);
  assert.ok(once.includes("`CLAUDE_PROXY__PORT`") && once.includes("between\n"));
});

Deno.test("a README without markers is an error that names them", () => {
  assert.throws(
    () => withTables("nothing"),
    /<!-- settings:server --> and <!-- \/settings:server -->/,
  );
});

function everyVariableOf(toml: string): Record<string, string> {
  const names = [...toml.matchAll(/= "\$\{(\w+)\}"/g)].map((match) => match[1] ?? "");
  return Object.fromEntries(names.map((name) => [name, "value"]));
}

async function formatted(markdown: string): Promise<string> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext=md", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(markdown));
  await writer.close();
  return new TextDecoder().decode((await process.output()).stdout);
}
