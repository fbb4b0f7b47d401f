import assert from "node:assert/strict";
import type { UpstreamAuthSettings } from "../../../../src/config/schema/settings.ts";
import { createProvider, notHosted } from "../../../../src/credentials/providers/registry.ts";

const shared = { scope: "https://ai.azure.com/.default", token_timeout: 15 };
const SETTINGS: UpstreamAuthSettings[] = [
  { type: "api_key", api_key: "k", header: "auto" },
  { type: "azure_ad", tenant_id: "t", client_id: "c", client_secret: "s", ...shared },
  { type: "azure_cli", ...shared },
  { type: "azure_managed_identity", ...shared },
  { type: "azure_workload_identity", ...shared },
  {
    type: "chain",
    chain: ["azure_managed_identity", "azure_cli", "azure_workload_identity"],
    azure_ad: {},
    azure_cli: {},
    azure_managed_identity: {},
    azure_workload_identity: {},
    ...shared,
  },
];

for (const auth of SETTINGS) {
  Deno.test(`${auth.type} has a provider that is called like it`, () => {
    assert.equal(createProvider(auth).name, auth.type);
  });
}

Deno.test("an API key is given at once, as the settings name it", () => {
  const [auth] = SETTINGS;
  const request = { signal: new AbortController().signal, fresh: true };
  assert.deepEqual(auth && createProvider(auth).get(request), {
    credential: { kind: "api_key", key: "k", header: "auto" },
    expiresAt: Infinity,
  });
});

Deno.test("what needs a program or a file cannot apply under deno serve, in a chain neither", () => {
  assert.deepEqual(SETTINGS.map((auth) => notHosted(auth).map(({ type }) => type)), [
    [],
    [],
    ["azure_cli"],
    [],
    ["azure_workload_identity"],
    ["azure_cli", "azure_workload_identity"],
  ]);
});
