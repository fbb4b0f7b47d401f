import assert from "node:assert/strict";
import fc from "fast-check";
import { main } from "../../../src/cli/main.ts";
import { allSettings } from "../../../src/config/schema/placed_setting.ts";
import { runs } from "../../kit/random/property_runs.ts";
import { ioOf, REQUIRED, type World } from "./loading.ts";

/** No six characters of it may be printed, wherever a mistake has cut it. */
const SECRET = "sk_Vq7zRt$Wm3xKp9LdHn5Bc";
const SHOWN = new RegExp(
  Array.from({ length: SECRET.length - 5 }, (_, at) => RegExp.escape(SECRET.slice(at, at + 6)))
    .join("|"),
);
const SECRET_PATHS = allSettings().filter(({ setting }) => setting.secret).map(({ path }) => path);
const SECRET_FLAGS = allSettings().filter(({ setting }) => setting.secret)
  .flatMap(({ setting }) => setting.flag?.match(/--[a-z-]+/)?.[0] ?? []);

Deno.test("however a file with secrets is broken, the program says so and shows none", async () => {
  await fc.assert(
    fc.asyncProperty(brokenFile(), async (toml) => {
      const { code, printed } = await run([], { toml });
      assert.ok([SERVED, 2].includes(code), String(code));
      assert.doesNotMatch(printed, SHOWN);
    }),
    runs(1_000),
  );
});

Deno.test("however a secret is written in a file, the program shows none of it", async () => {
  const lines = fc.array(fc.tuple(fc.constantFrom(...SECRET_PATHS), secretInToml()), {
    maxLength: 3,
  });
  await fc.assert(
    fc.asyncProperty(lines, async (lines) => {
      const toml = lines.map(([path, value]) => `${path} = ${value}`).join("\n");
      const { printed } = await run([], { toml, env: {} });
      assert.doesNotMatch(printed, SHOWN);
    }),
    runs(300),
  );
});

Deno.test("whatever the command line and the variables hold, no secret is shown", async () => {
  const flag = fc.constantFrom(...SECRET_FLAGS);
  const argument = fc.oneof(
    fc.tuple(flag, fc.constantFrom("=", "", " ", "x=", "=\n"), around())
      .map(([flag, between, value]) => [`${flag}${between}${value}`]),
    fc.tuple(flag, around()).map(([flag, value]) => [flag, value]),
    fc.constantFrom(["--port", "x"], ["--verbose"], ["--log-level", "loud"], ["check"], ["--"]),
  );
  const variable = fc.tuple(
    fc.constantFrom(...allSettings().filter(({ setting }) => setting.secret)),
    around(),
  ).map(([{ variable }, value]) => ({ [variable]: value }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(argument, { maxLength: 3 }),
      fc.array(variable, { maxLength: 2 }),
      async (args, variables) => {
        const env = Object.assign({}, REQUIRED, ...variables);
        const { code, printed } = await run(args.flat(), { env });
        assert.ok([SERVED, 0, 2].includes(code), String(code));
        assert.doesNotMatch(printed, SHOWN);
      },
    ),
    runs(300),
  );
});

/** What the command returns that stands in for serving. */
const SERVED = 7;

async function run(args: string[], world: World): Promise<{ code: number; printed: string }> {
  let printed = "";
  const print = (text: string) => void (printed += `${text}\n`);
  const served = { doc: "Serve.", run: () => Promise.resolve(SERVED) };
  const commands = { serve: served, check: served };
  const code = await main(args, { io: ioOf(world), print, printError: print, commands });
  return { code, printed };
}

/** The secret with something at either end that a shell, an editor or a hurry leaves there. */
function around(): fc.Arbitrary<string> {
  const rest = fc.string({ unit: fc.constantFrom(..." \t\n\\\"'{}$é="), maxLength: 3 });
  return fc.tuple(rest, rest).map(([before, after]) => `${before}${SECRET}${after}`);
}

/** Every notation of a string, and what people write instead of one. */
function secretInToml(): fc.Arbitrary<string> {
  return around().chain((text) =>
    fc.constantFrom(
      JSON.stringify(text),
      `'${text}'`,
      `"""\n${text}"""`,
      `'''${text}'''`,
      text,
      `[${JSON.stringify(text)}]`,
      `{ x = ${JSON.stringify(text)} }`,
      `"\${${text}}"`,
      `"$${SECRET}"`,
    )
  );
}

/** A file that is right but for one to four mistakes of an editor's, each within a line. */
function brokenFile(): fc.Arbitrary<string> {
  const mistake = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 60 })),
    inserted: fc.oneof(
      fc.constantFrom(
        "",
        '"',
        "'",
        '"""',
        "\n",
        "=",
        "[",
        "]",
        "{",
        "}",
        "#",
        "$",
        "${",
        "\\",
        "\t",
      ),
      fc.string({ unit: "binary", maxLength: 3 }),
      fc.constantFrom("client_api_key", "port", "upstream_auth."),
    ),
  });
  return fc.array(mistake, { minLength: 1, maxLength: 4 }).map((mistakes) =>
    mistakes.reduce((text, { at, removed, inserted }) => {
      const start = Math.round(at * text.length);
      const rest = text.slice(start);
      const line = rest.slice(0, rest.indexOf("\n") + 1);
      return text.slice(0, start) + inserted + rest.slice(Math.min(removed, line.length));
    }, FILE)
  );
}

const FILE = `# The right file
port = 8080
upstream_url = "https://upstream.test"
client_api_key = ["${SECRET}", '''${SECRET}''']

[upstream_auth]
type = "azure_ad"
client_secret = "${SECRET}" # not "${SECRET}x"
tenant_id = "t"
client_id = 'c'

[tls]
mode = "acme"
eab_hmac_key = """
${SECRET}"""

[[models]]
id = "m"
`;
