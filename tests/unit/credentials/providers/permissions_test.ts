import assert from "node:assert/strict";
import type { UpstreamAuthSettings } from "../../../../src/config/schema/settings.ts";
import { upstreamAuthPermissions } from "../../../../src/credentials/providers/registry.ts";
import { NO_PERMISSIONS } from "../../../../src/permissions/needs.ts";

const scope = "https://ai.azure.com/.default";
const noVariable = () => undefined;
const az = Deno.build.os === "windows" ? "cmd" : "az";
const library = { ignoreEnv: true, sys: ["osRelease"] };

const NEEDS: [UpstreamAuthSettings, Record<string, string>, object][] = [
  [{ type: "api_key", api_key: "k", header: "auto" }, {}, {}],
  [{ type: "azure_cli", scope, token_timeout: 15 }, {}, { run: [az] }],
  [
    {
      type: "azure_ad",
      tenant_id: "t",
      client_id: "c",
      client_certificate_path: "/etc/app.pem",
      scope,
      token_timeout: 15,
    },
    {},
    { ...library, net: ["login.microsoftonline.com:443"], read: ["/etc/app.pem"] },
  ],
  [
    { type: "azure_managed_identity", scope, token_timeout: 15 },
    { IDENTITY_ENDPOINT: "http://127.0.0.1:41234/msi/token" },
    {
      ...library,
      net: ["127.0.0.1:41234"],
      env: [
        ...["AZURE_POD_IDENTITY_AUTHORITY_HOST", "IDENTITY_ENDPOINT", "MSI_ENDPOINT"],
        ...["IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT", "MSI_SECRET"],
      ],
    },
  ],
  [
    {
      type: "azure_workload_identity",
      client_id: "c",
      authority_host: "https://login.microsoftonline.us",
      scope,
      token_timeout: 15,
    },
    { AZURE_FEDERATED_TOKEN_FILE: "/var/run/token" },
    {
      ...library,
      net: ["login.microsoftonline.us:443"],
      read: ["/var/run/token"],
      env: ["AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"],
    },
  ],
];

for (const [auth, variables, needs] of NEEDS) {
  Deno.test(`${auth.type} needs its own permissions and no more`, () => {
    const found = upstreamAuthPermissions(auth, (name) => variables[name]);
    assert.deepEqual(found, { ...NO_PERMISSIONS, ...needs });
  });
}

Deno.test("a managed identity needs the variables that tell of a forward proxy in the way, where one is", () => {
  const needs = (variables: Record<string, string>) =>
    upstreamAuthPermissions(
      { type: "azure_managed_identity", scope, token_timeout: 15 },
      (name) => variables[name],
    ).env;
  assert.ok(needs({ HTTP_PROXY: "http://proxy:3128" }).includes("NO_PROXY"));
  const exempt = { HTTP_PROXY: "http://proxy:3128", NO_PROXY: "169.254.169.254" };
  for (const variables of [{}, exempt]) assert.ok(!needs(variables).includes("HTTP_PROXY"));
});

Deno.test("a chain needs what its members need, each thing once", () => {
  const found = upstreamAuthPermissions({
    type: "chain",
    chain: ["azure_workload_identity", "azure_managed_identity", "azure_cli"],
    scope,
    token_timeout: 15,
    azure_ad: {},
    azure_cli: {},
    azure_managed_identity: {},
    azure_workload_identity: {},
  }, noVariable);
  assert.deepEqual(found.net, ["login.microsoftonline.com:443", "169.254.169.254:80"]);
  assert.deepEqual([found.run, found.sys, found.ignoreEnv], [[az], ["osRelease"], true]);
});
