import assert from "node:assert/strict";
import { CREDENTIAL_HEADERS } from "../../../src/clients/identify.ts";
import { credentialHeaders } from "../../../src/credentials/credential.ts";

const AUTO = { kind: "api_key", key: "k", header: "auto" } as const;

const HOSTS: [host: string, header: [string, string]][] = [
  ["api.anthropic.com", ["x-api-key", "k"]],
  ["my-resource.services.ai.azure.com", ["api-key", "k"]],
  ["my-resource.openai.azure.com", ["api-key", "k"]],
  ["api.openai.com", ["authorization", "Bearer k"]],
];

for (const [host, header] of HOSTS) {
  Deno.test(`auto sends the API key to ${host} in ${header[0]}`, () => {
    assert.deepEqual(credentialHeaders(AUTO, host, ["x-api-key", "authorization"]), [header]);
  });
}

Deno.test("auto sends the API key to any other host in the headers the client used", () => {
  for (
    const host of ["localhost", "anthropic.com.evil.example", "notazure.com", "eu.api.openai.com"]
  ) {
    assert.deepEqual(credentialHeaders(AUTO, host, ["x-api-key", "authorization"]), [
      ["x-api-key", "k"],
      ["authorization", "Bearer k"],
    ]);
  }
});

Deno.test("a header that is set is used for every host", () => {
  for (const header of CREDENTIAL_HEADERS) {
    const expected = [[header, header === "authorization" ? "Bearer k" : "k"]];
    for (const [host] of HOSTS) {
      assert.deepEqual(credentialHeaders({ ...AUTO, header }, host, ["api-key"]), expected);
    }
  }
});

Deno.test("a token goes into Authorization whatever the host and the client's header", () => {
  const token = { kind: "bearer", token: "t" } as const;
  for (const [host] of HOSTS) {
    assert.deepEqual(credentialHeaders(token, host, ["x-api-key"]), [[
      "authorization",
      "Bearer t",
    ]]);
  }
});
