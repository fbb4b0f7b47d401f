import assert from "node:assert/strict";
import { allSections, allSettings, settingsOf } from "../../../src/config/schema/placed_setting.ts";
import { sections } from "../../../src/config/schema/settings.ts";

Deno.test("every default is a value its own setting accepts", () => {
  for (const { path, setting } of allSections().flatMap(settingsOf)) {
    if (setting.default === undefined) continue;
    const { kind, default: value } = setting;
    assert.deepEqual(kind.check(value), { ok: true, value }, path);
  }
});

Deno.test("no two settings share a path, a variable or a flag", () => {
  const settings = allSettings();
  const flags = settings.flatMap(({ setting }) => [setting.flag, setting.shorthand?.flag])
    .flatMap((flag) => flag?.match(/(?<![\w-])--?[a-z0-9-]+/g) ?? []);
  for (const names of [settings.map(({ path }) => path), settings.map((s) => s.variable), flags]) {
    assert.deepEqual(names, [...new Set(names)]);
  }
});

Deno.test("the names are those of the reference", () => {
  const names = new Map(
    allSettings().map(({ path, setting, variable }) => [path, [setting.flag, variable]]),
  );
  const reference = [
    ["bind_address", "--bind-address <ADDRESS>", "CLAUDE_PROXY__BIND_ADDRESS"],
    ["port", "-p, --port <PORT>", "CLAUDE_PROXY__PORT"],
    ["upstream_url", "--upstream-url <URL>", "CLAUDE_PROXY__UPSTREAM_URL"],
    ["client_api_key", "--client-api-key <KEY>", "CLAUDE_PROXY__CLIENT_API_KEY"],
    ["upstream_auth.type", "--upstream-auth-type <TYPE>", "CLAUDE_PROXY__UPSTREAM_AUTH__TYPE"],
    ["upstream_auth.api_key", "--upstream-api-key <KEY>", "CLAUDE_PROXY__UPSTREAM_AUTH__API_KEY"],
    ["upstream_auth.tenant_id", "--azure-tenant-id <ID>", "CLAUDE_PROXY__UPSTREAM_AUTH__TENANT_ID"],
    ["upstream_auth.client_id", "--azure-client-id <ID>", "CLAUDE_PROXY__UPSTREAM_AUTH__CLIENT_ID"],
    [
      "upstream_auth.client_secret",
      "--azure-client-secret <SECRET>",
      "CLAUDE_PROXY__UPSTREAM_AUTH__CLIENT_SECRET",
    ],
    ["upstream_auth.scope", "--azure-scope <SCOPE>", "CLAUDE_PROXY__UPSTREAM_AUTH__SCOPE"],
    ["upstream_auth.resource", undefined, "CLAUDE_PROXY__UPSTREAM_AUTH__RESOURCE"],
    ["logging.level", "--log-level <LEVEL>", "CLAUDE_PROXY__LOGGING__LEVEL"],
  ] as const;
  for (const [path, ...expected] of reference) assert.deepEqual(names.get(path), expected);
});

Deno.test("what stands at the top of the file comes before every table", () => {
  const top = sections.map((section) => "top" in section);
  assert.deepEqual(top, top.toSorted((a, b) => Number(b) - Number(a)));
});
