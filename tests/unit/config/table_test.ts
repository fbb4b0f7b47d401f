import assert from "node:assert/strict";
import { allSettings } from "../../../src/config/schema/setting.ts";
import { sections } from "../../../src/config/schema/sections.ts";

Deno.test("every default is a value its own row accepts", () => {
  for (const { path, row } of allSettings()) {
    if (row.default === undefined) continue;
    assert.deepEqual(row.kind.check(row.default), { ok: true, value: row.default }, path);
  }
});

Deno.test("no two settings share a path, a variable or a flag", () => {
  const settings = allSettings();
  const flags = settings.flatMap(({ row }) => [row.flag, row.shorthand?.flag])
    .flatMap((flag) => flag?.match(/(?<![\w-])--?[a-z0-9-]+/g) ?? []);
  for (const names of [settings.map(({ path }) => path), settings.map((s) => s.variable), flags]) {
    assert.deepEqual(names, [...new Set(names)]);
  }
});

Deno.test("the names are those of the reference", () => {
  const names = new Map(
    allSettings().map(({ path, row, variable }) => [path, [row.flag, variable]]),
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
  const firstTable = sections.findIndex((section) => !section.top);
  assert.ok(sections.slice(firstTable).every((section) => !section.top));
});
