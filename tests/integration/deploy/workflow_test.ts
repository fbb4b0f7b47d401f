import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { programTest } from "../../kit/process/programs.ts";

const FILE = fileURLToPath(new URL("../../../.github/workflows/release.yml", import.meta.url));
const text = await Deno.readTextFile(FILE);
const jobs: Readonly<Record<string, Job>> = parse(text).jobs;

interface Job {
  container?: { image: string };
  permissions: Record<string, string>;
  needs?: string;
  if?: string;
  steps: { uses?: string; run?: string; with?: Record<string, unknown> }[];
}

const ACTIONLINT = {
  program: "actionlint",
  install: "go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12",
};
const SHELLCHECK = { program: "shellcheck", install: "apt-get install shellcheck" };

programTest({
  name: "linters of workflows and of shell scripts find nothing wrong with the workflow",
  needs: [ACTIONLINT, SHELLCHECK],
  fn: async () => {
    assert.deepEqual(await lint(text), { code: 0, printed: "" });
    const misspelt = await lint(
      text.replace("steps.push.outputs.digest", "steps.pushed.outputs.x"),
    );
    assert.match(misspelt.printed, /property "pushed" is not defined/);
  },
});

Deno.test("whatever others made is pinned by digest, and its version stands beside it", () => {
  const uses = [...text.matchAll(/uses: (.*)$/gm)].map(([, what]) => what);
  assert.ok(uses.length > 5);
  for (const what of uses) assert.match(what ?? "", /^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  for (const { container } of Object.values(jobs)) {
    if (container) assert.match(container.image, /^[\w/]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
  }
});

Deno.test("tests run where .ci/run finds its packages: on Debian 12", () => {
  assert.match(jobs["ok"]?.container?.image ?? "", /-bookworm@/);
  assert.ok(jobs["ok"]?.steps.some(({ run }) => run === "bash .ci/run"));
});

Deno.test("what a tag publishes was tested, and its origin is attested", () => {
  for (const name of ["programs", "image"]) {
    const { needs, if: condition, permissions, steps } = jobs[name] ?? assert.fail(name);
    assert.deepEqual([needs, condition], ["ok", "startsWith(github.ref, 'refs/tags/v')"]);
    assert.equal(permissions["attestations"], "write");
    assert.equal(permissions["id-token"], "write");
    const attested = steps.findIndex(({ uses }) => uses?.includes("attest-build-provenance@"));
    assert.ok(attested > 0, name);
  }
  const push = jobs["image"]?.steps.find(({ uses }) => uses?.includes("build-push-action@"));
  assert.equal(push?.with?.["platforms"], "linux/amd64,linux/arm64");
  assert.equal(push?.with?.["file"], "deploy/Dockerfile");
  assert.equal(parse(text).permissions && Object.keys(parse(text).permissions).length, 0);
});

async function lint(workflow: string): Promise<{ code: number; printed: string }> {
  const process = new Deno.Command("actionlint", {
    args: ["-no-color", "-"],
    ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(workflow));
  await writer.close();
  const { code, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  return { code, printed: decoder.decode(stdout) + decoder.decode(stderr) };
}
