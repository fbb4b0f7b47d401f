import assert from "node:assert/strict";
import { loadSections } from "../../../src/config/load/load.ts";
import { listSettings, secretValues } from "../../../src/config/load/loaded_settings.ts";
import { StartError } from "../../../src/config/load/start_error.ts";
import { allSections, allSettings } from "../../../src/config/schema/placed_setting.ts";
import { planReload } from "../../../src/supervisor/reload_plan.ts";
import { exampleToml } from "../../../tools/settings/example.ts";
import { markerOf, readmeTable, withTables } from "../../../tools/settings/readme_tables.ts";
import { gateway } from "./gateway_schema.ts";
import { ioOf } from "./loading.ts";

function load(toml: string, env: Record<string, string> = {}) {
  return loadSections(gateway, { values: new Map() }, ioOf({ toml, env }));
}

async function complaints(toml: string): Promise<readonly string[]> {
  try {
    await load(toml);
  } catch (error) {
    assert.ok(error instanceof StartError, String(error));
    return error.complaints;
  }
  return [];
}

const UPSTREAM = `[[upstreams]]
name = "west"
http2 = true
[upstreams.auth]
type = "chain"
chain = ["azure_cli"]
[upstreams.auth.azure_cli]
tenant_id = "contoso.com"
`;

const KEY_UPSTREAM = `[[upstreams]]
name = "east"
[upstreams.auth]
type = "api_key"
api_key = "$KEY"
`;

Deno.test("an element has variants and tables of its own, like any table", async () => {
  const { settings } = await load(UPSTREAM + KEY_UPSTREAM, { KEY: "east-key" });
  assert.deepEqual(settings.upstreams, [
    {
      name: "west",
      http2: true,
      auth: {
        type: "chain",
        chain: ["azure_cli"],
        scope: "https://ai.azure.com/.default",
        token_timeout: 15,
        azure_ad: {},
        azure_cli: { tenant_id: "contoso.com" },
        azure_managed_identity: {},
        azure_workload_identity: {},
      },
    },
    { name: "east", http2: false, auth: { type: "api_key", api_key: "east-key", header: "auto" } },
  ]);
});

Deno.test("types of elements are inferred from the schema", async () => {
  const { settings } = await load(KEY_UPSTREAM, { KEY: "east-key" });
  const [upstream] = settings.upstreams;
  const weight: number | undefined = upstream?.weight;
  const key: string | undefined = upstream?.auth.type === "api_key" ? upstream.auth.api_key : "";
  const storeAuth: "api_key" | "azure_cli" | undefined = settings.store.auth.type;
  assert.deepEqual([weight, key, storeAuth], [undefined, "east-key", undefined]);
});

Deno.test("an element's setting inherits a value and its source from another setting", async () => {
  const toml = `upstream_http2 = true\n${KEY_UPSTREAM}http2 = false\n`;
  const { settings, provenance } = await load(toml.replace("http2 = false\n", ""), { KEY: "k" });
  assert.equal(settings.upstreams[0]?.http2, true);
  assert.deepEqual(provenance.get("upstreams[0].http2"), provenance.get("upstream_http2"));
});

const WRONG: [name: string, toml: string, ...complaints: string[]][] = [
  [
    "a missing setting of a variant",
    '[[upstreams]]\nname = "a"\n\n[upstreams.auth]\ntype = "api_key"',
    'config.toml:4: upstreams[0].auth.api_key is not set (type = "api_key" needs it)',
  ],
  [
    "a variant that nobody chose",
    '[[upstreams]]\nname = "a"',
    "config.toml:1: upstreams[0].auth.type is not set (one of api_key, azure_ad, azure_cli, " +
    "azure_managed_identity, azure_workload_identity, chain)",
  ],
  [
    "an unknown variant",
    '[[upstreams]]\nname = "a"\nauth = { type = "azure_cil" }',
    'config.toml:3: upstreams[0].auth.type: expected one of "api_key", "azure_ad", "azure_cli", ' +
    '"azure_managed_identity", "azure_workload_identity", "chain", got "azure_cil"; did you mean ' +
    "azure_cli?",
  ],
  [
    "an unknown key of a nested table",
    `${UPSTREAM}tenant = "a"`,
    "config.toml:9: unknown key tenant in [upstreams.auth.azure_cli]; did you mean tenant_id?",
  ],
  [
    "a setting of another section",
    '[[clients]]\nname = "a"\nkey = "k"\nmeter = true',
    "config.toml:4: unknown key meter in [[clients]]; did you mean meter under [usage]?",
  ],
  [
    "a nested table that is none",
    '[[upstreams]]\nname = "a"\nauth = "key"',
    "config.toml:3: upstreams[0].auth: expected a table, such as [upstreams.auth]",
    "config.toml:3: upstreams[0].auth.type is not set (one of api_key, azure_ad, azure_cli, " +
    "azure_managed_identity, azure_workload_identity, chain)",
  ],
  [
    "what a variant needs one of",
    '[[upstreams]]\nname = "a"\n[upstreams.auth]\ntype = "azure_ad"\ntenant_id = "t"\nclient_id = "c"',
    'config.toml:3: upstreams[0].auth.client_secret is not set (type = "azure_ad" needs it, or ' +
    "client_certificate_path)",
  ],
  [
    "what an element needs one of",
    '[[clients]]\nname = "a"',
    "config.toml:1: clients[0].key is not set (this or key_sha256 tells the client)",
  ],
  [
    "what an element cannot have together",
    '[[clients]]\nname = "a"\nkey = "k"\nkey_sha256 = "d"',
    "config.toml:4: clients[0].key_sha256: expected either key or key_sha256, not both",
  ],
  [
    "a name that is taken",
    '[[clients]]\nname = "a"\nkey = "k"\n[[clients]]\nname = "b"\nkey = "l"\n' +
    '[[clients]]\nname = "a"\nkey = "m"',
    "config.toml:8: clients[2].name: expected name only once, but clients[0] (config.toml:2) has " +
    "the same",
  ],
  [
    "what two sections disagree about",
    "[[budgets]]\namount = 5",
    "config.toml:1: budgets[0]: expected usage.meter = true, which budgets need",
  ],
  [
    "faults of several elements",
    '[[clients]]\nkey = "k"\n[[clients]]\nname = 3\nkey = ""\n[[budgets]]\namount = "unlimitd"',
    "config.toml:1: clients[0].name is not set",
    "config.toml:4: clients[1].name: expected text that is not empty, got 3",
    "config.toml:5: clients[1].key: expected a key, but it is empty: that protects nothing",
    'config.toml:7: budgets[0].amount: expected "unlimited" or a whole number from 1 up, got ' +
    '"unlimitd"; did you mean unlimited?',
  ],
  [
    "a number in quotes",
    '[[budgets]]\namount = "5"',
    'config.toml:2: budgets[0].amount: expected "unlimited" or a whole number from 1 up, got "5"; ' +
    "write amount = 5",
  ],
  [
    "a table in place of a list",
    '[clients]\nname = "a"',
    "config.toml:1: clients: expected tables, each under [[clients]]",
  ],
];

for (const [name, toml, ...expected] of WRONG) {
  Deno.test(`in a list, ${name} is a complaint with its path and line`, async () => {
    assert.deepEqual(await complaints(toml), expected);
  });
}

Deno.test("what an element's variant does not use is ignored with a note", async () => {
  const { notes } = await load(
    '[[upstreams]]\nname = "a"\n[upstreams.auth]\ntype = "azure_cli"\napi_key = "x"\n' +
      '[upstreams.auth.azure_ad]\ntenant_id = "t"',
  );
  assert.deepEqual(notes, [
    'config.toml:5: upstreams[0].auth.api_key: ignored, because type = "azure_cli" does not use it',
    "config.toml:7: upstreams[0].auth.azure_ad.tenant_id: ignored, because upstreams[0].auth.type " +
    'is not "chain"',
  ]);
});

const CLIENTS = `[[clients]]
name = "a"
key = ["first-key", "second-key"]
require = { roles = ["Claude.User"] }
[[clients]]
name = "b"
key_sha256 = "d1"
`;

Deno.test("secrets of elements are known and masked, and every value has its line", async () => {
  const loaded = await load(CLIENTS + KEY_UPSTREAM, { KEY: "east-key" });
  assert.deepEqual(secretValues(loaded, gateway), ["first-key", "second-key", "east-key"]);
  const listed = listSettings(loaded, gateway).filter(({ path }) =>
    /^(clients|upstreams)\[/.test(path)
  );
  assert.deepEqual(listed.map(({ path, value, source }) => `${path} = ${value} (${source})`), [
    'clients[0].name = "a" (config.toml:2)',
    "clients[0].key = •••• (config.toml:3)",
    "clients[0].key_sha256 = not set (default)",
    'clients[0].group = "default" (default)',
    'clients[0].require = { roles = ["Claude.User"] } (config.toml:4)',
    'clients[1].name = "b" (config.toml:6)',
    "clients[1].key = not set (default)",
    'clients[1].key_sha256 = "d1" (config.toml:7)',
    'clients[1].group = "default" (default)',
    "clients[1].require = not set (default)",
    'upstreams[0].name = "east" (config.toml:9)',
    "upstreams[0].http2 = false (default)",
    "upstreams[0].weight = 1 (default)",
    'upstreams[0].auth.type = "api_key" (config.toml:11)',
    "upstreams[0].auth.api_key = •••• (config.toml:12)",
    'upstreams[0].auth.header = "auto" (default)',
  ]);
});

Deno.test("no complaint about an element repeats a secret", async () => {
  const wrong = 'key = " sk-canary"';
  for (const line of [wrong, 'key = ["sk-canary", 3]', 'key = { x = "sk-canary" }']) {
    const said = await complaints(`[[clients]]\nname = "a"\n${line}`);
    assert.equal(said.length, 1);
    assert.doesNotMatch(said.join(), /canary/);
  }
});

Deno.test("a reload tells which settings of which elements change", async () => {
  const before = await load(CLIENTS);
  const after = await load(
    `${CLIENTS.replace("second-key", "third-key")}group = "ci"\n[[clients]]\nname = "c"\nkey = "k"`,
  );
  const { loaded, changed, restart } = planReload(before, after, gateway);
  assert.deepEqual(changed, [
    "clients[0].key",
    "clients[1].group",
    "clients[2].name",
    "clients[2].key",
    "clients[2].group",
  ]);
  assert.deepEqual(restart, []);
  assert.deepEqual(loaded.settings, after.settings);
  assert.deepEqual(planReload(after, before, gateway).changed, changed);
});

Deno.test("a list that a running process cannot change stays as a whole, with its sources", async () => {
  const env = { KEY: "k" };
  const before = await load(KEY_UPSTREAM, env);
  const after = await load(`upstream_http2 = true\n${UPSTREAM}${KEY_UPSTREAM}`, env);
  const { loaded, changed, restart } = planReload(before, after, gateway);
  assert.deepEqual(changed, ["upstream_http2"]);
  assert.ok(restart.includes("upstreams[0].name") && restart.includes("upstreams[1].auth.api_key"));
  assert.deepEqual(loaded.settings.upstreams, before.settings.upstreams);
  const sources = (provenance: ReadonlyMap<string, unknown>) =>
    [...provenance].filter(([path]) => path.startsWith("upstreams"));
  assert.deepEqual(sources(loaded.provenance), sources(before.provenance));
});

Deno.test("neither flags nor variables give what stands in a list", () => {
  const names = allSettings(gateway).map(({ path, flag, variable }) => [path, flag, variable]);
  assert.ok(names.every(([path]) => !/^(clients|upstreams|budgets)/.test(path ?? "")));
  assert.deepEqual(names.find(([path]) => path === "store.auth.api_key"), [
    "store.auth.api_key",
    undefined,
    "CLAUDE_PROXY__STORE__AUTH__API_KEY",
  ]);
});

Deno.test("the example shows a list with its nested tables, and loads with every line in force", async () => {
  const example = exampleToml(gateway);
  assert.match(
    example,
    /^# Clients\n# Who may call\. This file alone can give them\.\n#\[\[clients\]\]$/m,
  );
  assert.match(example, /^# Upstreams: authentication\n#\[upstreams\.auth\]$/m);
  assert.match(example, /^# Speak HTTP\/2\.\n# default: upstream_http2\n#http2 = false$/m);
  assert.match(example, /^#require = \{ roles = \["Claude\.User"\] \}$/m);
  const toml = example.replace(/^#(?=\w+ = |\[)/gm, "").replace(/^key_sha256 .*$/m, "");
  const { settings } = await load(toml, {
    CI_KEY: "k",
    UPSTREAM_API_KEY: "u",
    AZURE_TENANT_ID: "t",
  });
  assert.deepEqual(settings.clients[0]?.require, { roles: ["Claude.User"] });
  assert.equal(settings.upstreams[0]?.auth.type, "api_key");
});

Deno.test("the reference has a table for a list and for each table in it", () => {
  const places = allSections(gateway);
  const markers = places.map(markerOf);
  assert.ok(markers.includes("upstreams.auth") && markers.includes("upstreams.auth.azure_ad"));
  const readme = withTables(
    markers.map((name) => `<!-- settings:${name} -->\n<!-- /settings:${name} -->\n`).join(""),
    gateway,
  );
  assert.match(readme, /^\| `auth\.api_key` +\| Key that the upstream expects from us\. /m);
  const [upstreams = assert.fail()] = places.filter((place) => markerOf(place) === "upstreams");
  assert.match(readmeTable(upstreams), /^\| `http2` +\| Speak HTTP\/2\. +\| `upstream_http2` \|$/m);
});
