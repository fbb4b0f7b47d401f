import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Deployment } from "kubernetes-types/apps/v1";
import type { HorizontalPodAutoscaler } from "kubernetes-types/autoscaling/v2";
import type { Service } from "kubernetes-types/core/v1";
import { parseAllDocuments } from "yaml";
import { allSettings } from "../../../src/config/schema/placed_setting.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const yaml = await Deno.readTextFile(join(ROOT, "deploy/kubernetes.yaml"));
const objects = parseAllDocuments(yaml).map((document) => {
  assert.deepEqual(document.errors, []);
  return document.toJS() as { apiVersion: string; kind: string };
});

/** Where the package `kubernetes-types` declares an object of the manifest. */
const TYPE_FILES: Readonly<Record<string, string>> = {
  "v1": "core/v1",
  "apps/v1": "apps/v1",
  "autoscaling/v2": "autoscaling/v2",
  "policy/v1": "policy/v1",
};

function only<Kind>(kind: string): Kind {
  const found = objects.filter((object) => object.kind === kind);
  assert.equal(found.length, 1, kind);
  return found[0] as Kind;
}

const deployment = only<Deployment>("Deployment");
const pod = deployment.spec?.template.spec;
const [container] = pod?.containers ?? [];

Deno.test("the manifest is what Kubernetes' own types allow, no key misspelt or misplaced", async () => {
  assert.equal(await typeErrors(objects), "");
  const misspelt = { ...deployment, spec: { ...deployment.spec, replica: 2 } };
  assert.match(await typeErrors([misspelt as typeof objects[0]]), /"replica"' does not exist/);
});

Deno.test("every variable of the manifest is a setting, and the required ones are there", () => {
  const variables = new Map(container?.env?.map((entry) => [entry.name, entry]));
  const settings = new Map(allSettings().map((setting) => [setting.variable, setting]));
  assert.deepEqual([...variables.keys()].filter((name) => !settings.has(name)), []);
  for (const { variable, setting, variants } of settings.values()) {
    if (setting.required && variants === undefined) assert.ok(variables.has(variable), variable);
    if (setting.secret && variables.has(variable)) {
      assert.ok(variables.get(variable)?.valueFrom?.secretKeyRef, `${variable} is in the manifest`);
    }
  }
});

Deno.test("a pod that ends gets the time that the proxy gives running streams", () => {
  const timeout = container?.env?.find(({ name }) => name === "CLAUDE_PROXY__SHUTDOWN_TIMEOUT");
  const preStop = container?.lifecycle?.preStop?.sleep?.seconds ?? 0;
  const grace = pod?.terminationGracePeriodSeconds ?? 0;
  assert.ok(grace > Number(timeout?.value) + preStop, `${grace} s`);
});

Deno.test("the proxy's own limit of memory leaves room below the pod's", () => {
  const limit = container?.env?.find(({ name }) => name === "CLAUDE_PROXY__MEMORY_LIMIT")?.value;
  const [, gibibytes] = /^(\d+)Gi$/.exec(container?.resources?.limits?.["memory"] ?? "") ?? [];
  assert.ok(Number(limit) * 1.5 <= Number(gibibytes) * 2 ** 30, `${limit} of ${gibibytes} GiB`);
});

Deno.test("probes, Service and autoscaler point at what the Deployment has", () => {
  const port = container?.ports?.find(({ name }) => name === "http");
  assert.equal(port?.containerPort, 8080);
  const probes = [container?.startupProbe, container?.livenessProbe, container?.readinessProbe];
  assert.deepEqual(probes.map((probe) => probe?.httpGet), [
    { path: "/healthz", port: "http" },
    { path: "/healthz", port: "http" },
    { path: "/readyz", port: "http" },
  ]);
  const { labels } = deployment.spec?.template.metadata ?? {};
  const service = only<Service>("Service");
  for (const selector of [deployment.spec?.selector.matchLabels, service.spec?.selector]) {
    for (const [name, value] of Object.entries(selector ?? assert.fail())) {
      assert.equal(labels?.[name], value);
    }
  }
  assert.equal(service.spec?.ports?.[0]?.targetPort, "http");
  assert.equal(labels?.["azure.workload.identity/use"], "true");
  assert.equal(pod?.serviceAccountName, only<Service>("ServiceAccount").metadata?.name);
  const { spec } = only<HorizontalPodAutoscaler>("HorizontalPodAutoscaler");
  assert.equal(spec?.scaleTargetRef.name, deployment.metadata?.name);
  assert.equal(deployment.spec?.replicas, undefined, "or applying the file undoes the autoscaler");
});

/** What the compiler says of objects, each written down as a literal of its own type. */
async function typeErrors(objects: { apiVersion: string; kind: string }[]): Promise<string> {
  const statements = objects.map((object) => {
    const type = `import("kubernetes-types/${TYPE_FILES[object.apiVersion]}").${object.kind}`;
    return `;(${JSON.stringify(object)}) satisfies ${type};`;
  });
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, statements.join("\n"));
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--config", join(ROOT, "deno.json"), file],
      env: { NO_COLOR: "1" },
    }).output();
    return new TextDecoder().decode(stderr);
  } finally {
    await Deno.remove(file);
  }
}
