import assert from "node:assert/strict";
import { failure, load, onlyComplaint, REQUIRED } from "./loading.ts";

const { CLAUDE_PROXY__UPSTREAM_AUTH__TYPE: _, CLAUDE_PROXY__UPSTREAM_AUTH__API_KEY: __, ...env } =
  REQUIRED;
const SCOPE = "https://ai.azure.com/.default";

/** The `[upstream_auth]` table as the settings have it. */
async function authOf(lines: string, more: Record<string, string> = {}) {
  const world = { toml: `[upstream_auth]\n${lines}`, env: { ...env, ...more } };
  return (await load(world)).settings.upstream_auth;
}

const LOADED: [name: string, toml: string, values: object][] = [
  [
    "azure_ad with a secret",
    'type = "azure_ad"\ntenant_id = "t"\nclient_id = "c"\nclient_secret = "s"',
    {
      type: "azure_ad",
      tenant_id: "t",
      client_id: "c",
      client_secret: "s",
      scope: SCOPE,
      token_timeout: 15,
    },
  ],
  [
    "azure_ad with a certificate, in a sovereign cloud",
    'type = "azure_ad"\ntenant_id = "t"\nclient_id = "c"\nclient_certificate_path = "/a.pem"\n' +
    'authority_host = "https://login.microsoftonline.us/"',
    {
      type: "azure_ad",
      tenant_id: "t",
      client_id: "c",
      client_certificate_path: "/a.pem",
      scope: SCOPE,
      authority_host: "https://login.microsoftonline.us",
      token_timeout: 15,
    },
  ],
  ["azure_cli", 'type = "azure_cli"', { type: "azure_cli", scope: SCOPE, token_timeout: 15 }],
  [
    "azure_managed_identity as in the reference",
    `type = "azure_managed_identity"\nclient_id = "c"\nresource = "${SCOPE}"`,
    {
      type: "azure_managed_identity",
      client_id: "c",
      resource: SCOPE,
      scope: SCOPE,
      token_timeout: 15,
    },
  ],
  [
    "azure_workload_identity",
    'type = "azure_workload_identity"\ntoken_timeout = 2.5',
    { type: "azure_workload_identity", scope: SCOPE, token_timeout: 2.5 },
  ],
  [
    "a chain whose members have tables of their own",
    'type = "chain"\nchain = ["azure_managed_identity", "azure_ad"]\n' +
    '[upstream_auth.azure_managed_identity]\nclient_id = "m"\n' +
    '[upstream_auth.azure_ad]\ntenant_id = "t"\nclient_secret = "s"',
    {
      type: "chain",
      chain: ["azure_managed_identity", "azure_ad"],
      scope: SCOPE,
      token_timeout: 15,
      azure_ad: { tenant_id: "t", client_secret: "s" },
      azure_cli: {},
      azure_managed_identity: { client_id: "m" },
      azure_workload_identity: {},
    },
  ],
];

for (const [name, toml, values] of LOADED) {
  Deno.test(`${name} loads`, async () => assert.deepEqual(await authOf(toml), values));
}

Deno.test("a chain's members are set by variables and flags too", async () => {
  const auth = await authOf('type = "chain"', {
    CLAUDE_PROXY__UPSTREAM_AUTH__CHAIN: "azure_workload_identity, azure_cli",
    CLAUDE_PROXY__UPSTREAM_AUTH__AZURE_CLI__TENANT_ID: "contoso.com",
  });
  assert.ok(auth.type === "chain");
  assert.deepEqual(auth.chain, ["azure_workload_identity", "azure_cli"]);
  assert.deepEqual(auth.azure_cli, { tenant_id: "contoso.com" });
});

const COMPLAINTS: [toml: string, complaint: RegExp][] = [
  [
    'type = "azure_ad"\ntenant_id = "t"\nclient_id = "c"',
    /^upstream_auth\.client_secret is not set .*or client_certificate_path\)/,
  ],
  [
    'type = "azure_ad"\nclient_id = "c"\nclient_secret = "s"',
    /^upstream_auth\.tenant_id is not set \(type = "azure_ad" needs it\): give --azure-tenant-id/,
  ],
  ['type = "azure_cli"\ntenant_id = "a b"', /tenant_id: expected the ID or a domain of a tenant/],
  ['type = "azure_cli"\nscope = "a&b"', /scope: expected one scope/],
  [
    'type = "azure_workload_identity"\nauthority_host = "http://login.microsoftonline.us"',
    /authority_host: expected the https:\/\/ URL of an authority/,
  ],
  [
    'type = "azure_workload_identity"\nauthority_host = "https://login.microsoftonline.us/tenant"',
    /authority_host: expected the https:\/\/ URL of an authority, without a path/,
  ],
  ['type = "chain"', /^upstream_auth\.chain is not set \(type = "chain" needs it\)/],
  ['type = "chain"\nchain = []', /chain: expected at least one/],
  ['type = "chain"\nchain = ["azure_cli", "azure_cli"]', /chain: expected each only once/],
  ['type = "chain"\nchain = ["api_key"]', /chain: item 1 of the list: expected one of "azure_ad"/],
  [
    'type = "chain"\nchain = ["azure_cli"]\n[upstream_auth.azure_cil]\nscope = "s"',
    /:4: unknown key azure_cil in \[upstream_auth\]; did you mean azure_cli\?/,
  ],
  [
    'type = "chain"\nchain = ["azure_cli"]\n[upstream_auth.azure_cli]\nscpe = "s"',
    /:5: unknown key scpe in \[upstream_auth\.azure_cli\]; did you mean scope\?/,
  ],
  [
    'type = "chain"\nchain = ["azure_cli"]\nazure_cli = 1',
    /:4: upstream_auth\.azure_cli: expected a table, such as \[upstream_auth\.azure_cli\]/,
  ],
];

for (const [toml, complaint] of COMPLAINTS) {
  Deno.test(`${JSON.stringify(toml)} is a complaint`, async () => {
    assert.match(await onlyComplaint({ toml: `[upstream_auth]\n${toml}`, env }), complaint);
  });
}

Deno.test("no complaint repeats a client secret", async () => {
  const { complaints } = await failure({
    toml: '[upstream_auth]\ntype = "azure_ad"\nclient_secret = "s3cret "',
    env,
  });
  assert.ok(complaints.length > 1);
  assert.doesNotMatch(complaints.join(), /s3cret/);
});

Deno.test("a member's table is ignored with a note where the type is no chain", async () => {
  const { notes } = await load({
    toml: '[upstream_auth]\ntype = "azure_cli"\n[upstream_auth.azure_cli]\nscope = "s"',
    env,
  });
  assert.deepEqual(notes, [
    "config.toml:4: upstream_auth.azure_cli.scope: ignored, because upstream_auth.type is not " +
    '"chain"',
  ]);
});
