import assert from "node:assert/strict";
import { BearerUpstream } from "../kit/servers/bearer_upstream.ts";
import { entraError, FakeEntra } from "../kit/servers/fake_entra.ts";
import { APPLICATION, call, startAzureProxy, TENANT } from "./azure_proxy.ts";

const PERMISSIONS = ["--allow-sys=osRelease", "--allow-env=AZURE_*", "--ignore-env"];

/** A file as Kubernetes projects it. */
async function tokenFile(token: string) {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, token + "\n");
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path) };
}

Deno.test("the service account's token is exchanged, all of it from AKS's variables", async () => {
  await using entra = await FakeEntra.start();
  await using upstream = new BearerUpstream((bearer) => bearer === entra.current);
  await using file = await tokenFile("service.account.token");
  await using proxy = await startAzureProxy({
    type: "azure_workload_identity",
    upstreamUrl: upstream.url,
    permissions: PERMISSIONS,
    env: {
      ...entra.env,
      AZURE_TENANT_ID: TENANT,
      AZURE_CLIENT_ID: APPLICATION,
      AZURE_FEDERATED_TOKEN_FILE: file.path,
      AZURE_AUTHORITY_HOST: `${entra.url}/`,
    },
  });
  assert.equal((await call(proxy)).status, 200);
  const { tenant, form } = entra.requests[0]!;
  assert.equal(tenant, TENANT);
  assert.equal(form["client_id"], APPLICATION);
  assert.equal(form["client_assertion"], "service.account.token");
  assert.equal(form["grant_type"], "client_credentials");
});

Deno.test("a rotated service account token is read anew, and settings win over variables", async () => {
  await using entra = await FakeEntra.start();
  entra.lifetime = 3;
  await using file = await tokenFile("first.token");
  await using _proxy = await startAzureProxy({
    type: "azure_workload_identity",
    permissions: PERMISSIONS,
    args: [
      ...["--azure-tenant-id", TENANT, "--azure-client-id", APPLICATION],
      ...["--azure-authority-host", entra.url, "--azure-federated-token-file", file.path],
    ],
    env: { ...entra.env, AZURE_CLIENT_ID: "another", AZURE_AUTHORITY_HOST: "https://localhost:9" },
  });
  await entra.seen(1);
  await Deno.writeTextFile(file.path, "second.token");
  await entra.seen(2);
  const assertions = entra.requests.map(({ form }) => form["client_assertion"]);
  assert.deepEqual(assertions.slice(0, 2), ["first.token", "second.token"]);
  assert.equal(entra.requests[0]?.form["client_id"], APPLICATION);
});

Deno.test("a pod that lacks the variables, or whose token nobody knows, is told what to do", async () => {
  await using bare = await startAzureProxy({
    type: "azure_workload_identity",
    permissions: PERMISSIONS,
  });
  await bare.waitForLine(
    /AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE not set; in AKS label the pod/,
  );
  await using entra = await FakeEntra.start();
  entra.answer = () => entraError(401, 700213, "No matching federated identity record found.");
  await using file = await tokenFile("service.account.token");
  await using unknown = await startAzureProxy({
    type: "azure_workload_identity",
    permissions: PERMISSIONS,
    args: ["--azure-authority-host", entra.url, "--azure-federated-token-file", file.path],
    env: { ...entra.env, AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: APPLICATION },
  });
  await unknown.waitForLine(/no federated credential has this token's subject.*AADSTS700213/);
});
