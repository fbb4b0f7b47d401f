import assert from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "smol-toml";
import { StartError } from "../../../src/config/load/start_error.ts";
import { allSections, allSettings, settingsOf } from "../../../src/config/schema/placed_setting.ts";
import { runs } from "../../kit/random/property_runs.ts";
import { load, REQUIRED, type World } from "./loading.ts";

const CANARY = "sk-canary-4f1d";
const SECRET_PATHS = allSettings().filter(({ setting }) => setting.secret).map(({ path }) => path);
const FLAG_PATHS = allSettings().filter(({ flag }) => flag !== undefined).map(({ path }) => path);
const KNOWN_KEYS = allSections().flatMap(settingsOf).flatMap(({ keys }) => keys.map(String));

Deno.test("any text as a file loads or fails with a StartError", async () => {
  await fc.assert(fc.asyncProperty(tomlLikeText(), onlyStartErrors), runs(200));
});

Deno.test("any TOML document loads or fails with a StartError", async () => {
  await fc.assert(
    fc.asyncProperty(document(fc.string()), (table) => onlyStartErrors(stringify(table))),
    runs(200),
  );
});

Deno.test("any text in any flag and variable loads or fails with a StartError", async () => {
  const withFlag = allSettings().filter(({ flag }) => flag !== undefined);
  const [flag, variable] = [fc.constantFrom(...withFlag), fc.constantFrom(...allSettings())];
  await fc.assert(
    fc.asyncProperty(flag, fc.string(), variable, fc.string(), async (one, a, other, b) => {
      const env = { ...REQUIRED, [other.variable]: b };
      await outcome({ flags: { [one.path]: a }, env });
    }),
    runs(200),
  );
});

Deno.test("whatever is wrong with a secret's value, no message repeats it", async () => {
  const around = fc.string({
    unit: fc.constantFrom(" ", "\t", "\n", "\\", '"', "{", "$", "é", "x"),
  });
  const path = fc.constantFrom(...SECRET_PATHS);
  await fc.assert(
    fc.asyncProperty(path, around, around, async (path, before, after) => {
      const value = `${before}${CANARY}${after}`;
      const { CLAUDE_PROXY__CLIENT_API_KEY: _, CLAUDE_PROXY__UPSTREAM_AUTH__API_KEY: __, ...env } =
        REQUIRED;
      if (FLAG_PATHS.includes(path)) assertNoCanary(await outcome({ flags: { [path]: value } }));
      assertNoCanary(await outcome({ toml: `${path} = ${JSON.stringify(value)}`, env }));
      assertNoCanary(await outcome({ toml: `${path} = ${value}`, env }));
      assertNoCanary(await outcome({ toml: `${path} = [${JSON.stringify(value)}]`, env }));
      assertNoCanary(await outcome({ toml: `${path}.x = ${JSON.stringify(value)}`, env }));
      assertNoCanary(await outcome({ toml: `${path} = "\${KEY}"`, env: { ...env, KEY: value } }));
    }),
    runs(200),
  );
});

Deno.test("a document with a secret under unknown keys never shows it", async () => {
  const unknown = fc.string().filter((key) => !KNOWN_KEYS.includes(key));
  await fc.assert(
    fc.asyncProperty(fc.dictionary(unknown, fc.constant(CANARY)), async (table) => {
      const toml = stringify({ ...table, upstream_auth: table, logging: table, models: [table] });
      assertNoCanary(await outcome({ toml }));
    }),
    runs(200),
  );
});

async function onlyStartErrors(toml: string): Promise<void> {
  await outcome({ toml });
}

/** Everything a load says. */
async function outcome(world: World): Promise<string> {
  try {
    return (await load(world)).notes.join("\n");
  } catch (error) {
    assert.ok(error instanceof StartError, String(error));
    return [error.message, ...error.complaints, ...error.notes].join("\n");
  }
}

function assertNoCanary(said: string): void {
  assert.ok(!said.includes(CANARY), said);
}

function tomlLikeText(): fc.Arbitrary<string> {
  const words = [
    "[",
    "]",
    "=",
    '"',
    "'",
    '"""',
    "\n",
    ".",
    ",",
    "{",
    "}",
    "#",
    "$",
    "${",
    "\\",
    "1",
  ];
  return fc.array(fc.constantFrom(...words, ...KNOWN_KEYS, " ", "true", "é"), { maxLength: 25 })
    .map((parts) => parts.join(""));
}

function document(text: fc.Arbitrary<string>): fc.Arbitrary<Record<string, unknown>> {
  const key = fc.oneof(fc.constantFrom(...KNOWN_KEYS), fc.string({ maxLength: 5 }));
  return fc.letrec<{ table: Record<string, unknown>; value: unknown }>((tie) => ({
    table: fc.dictionary(key, tie("value"), { maxKeys: 6 }),
    value: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.integer(),
      fc.double(),
      fc.boolean(),
      fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
      tie("table"),
      fc.array(text, { maxLength: 3 }),
      fc.array(tie("table"), { maxLength: 3 }),
    ),
  })).table;
}
