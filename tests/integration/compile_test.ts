import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { azCommand } from "../../src/credentials/providers/azure_cli.ts";
import { compile, permissionSet, TARGETS } from "../../tools/compile.ts";
import deno from "../../deno.json" with { type: "json" };
import { type CompiledProgram, readCompiledProgram } from "../kit/process/compiled_program.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface WorkflowStep {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

/** What Deno knows of a module and of what it imports; types are no part of a program. */
interface GraphModule {
  readonly kind: "esm" | "asserted" | "npm" | "node";
  readonly specifier: string;
  readonly npmPackage?: string;
  readonly dependencies?: readonly { readonly code?: { readonly specifier: string } }[];
}

interface ModuleGraph {
  readonly modules: readonly GraphModule[];
  readonly redirects: Readonly<Record<string, string>>;
  readonly npmPackages: Readonly<Record<string, { readonly dependencies: readonly string[] }>>;
}

Deno.test("a compiled program holds every module that it may load, and permissions for all settings", async (t) => {
  const sources = await sourceFiles();
  const workers = sources.flatMap(({ url, text }) =>
    [...text.matchAll(/new URL\("(\.[^"]+\.ts)", import\.meta\.url\)/g)]
      .map(([, path]) => new URL(path ?? "", url).href)
  );
  const program = await compileHere();

  await t.step("its entry is main.ts", () => {
    assert.equal(program.metadata.entrypoint_key, "main.ts");
    assert.ok(workers.some((worker) => worker.endsWith("/src/worker/main.ts")));
  });

  for (const root of new Set([new URL("../../main.ts", import.meta.url).href, ...workers])) {
    await t.step(`${relative(ROOT, fileURLToPath(root))} and what it leads to`, async () => {
      await assertHolds(program, await reachable(root));
    });
  }

  await t.step("no import is put together at run time, where nothing could find it", () => {
    for (const { url, text } of sources) {
      assert.doesNotMatch(text, /\bimport\((?!")/, url);
    }
  });

  await t.step("nothing of the tests is in it", () => {
    const names = [...program.files.keys()].filter((path) =>
      /^tests\/|openai|fast-check/.test(path)
    );
    assert.deepEqual(names, []);
  });

  await t.step("its permissions name no directory of the build, and it never asks", () => {
    const { permissions, unstable_config, code_cache_key } = program.metadata;
    assert.ok(!JSON.stringify(permissions).includes(ROOT.slice(0, -1)));
    assert.deepEqual(permissions["allow_net"], []); // All.
    assert.deepEqual(permissions["allow_read"], []);
    assert.equal(permissions["allow_ffi"], null);
    assert.equal(permissions["prompt"], false);
    assert.equal(code_cache_key, null);
    assert.deepEqual(unstable_config.features, deno.unstable);
  });
});

Deno.test("a compiled program may run what runs az on its platform, and differs in nothing else", () => {
  const { compiled, "compiled-windows": windows } = deno.permissions;
  assert.deepEqual({ ...windows, run: compiled.run }, compiled);
  for (const target of TARGETS) {
    const { program } = azCommand([], target.includes("windows") ? "windows" : "linux");
    assert.deepEqual(deno.permissions[permissionSet(target)].run, [program], target);
  }
});

Deno.test("the release workflow compiles every target with the Deno we test with, after the tests", async () => {
  const text = await Deno.readTextFile(join(ROOT, ".github/workflows/release.yml"));
  const { jobs } = parse(text) as {
    jobs: Record<string, { needs?: string; if?: string; steps: WorkflowStep[] }>;
  };
  const gate = await Deno.readTextFile(join(ROOT, ".ci/run"));
  const [, version] = /deno@([\d.]+)/.exec(gate) ?? [];
  const setups = Object.values(jobs).flatMap(({ steps }) => steps)
    .filter(({ uses }) => uses?.startsWith("denoland/setup-deno"));
  assert.deepEqual(setups.map((setup) => String(setup.with?.["deno-version"])), [version]);
  assert.deepEqual([jobs["programs"]?.needs, jobs["programs"]?.if], [
    "ok",
    "startsWith(github.ref, 'refs/tags/v')",
  ]);
  const commands = jobs["programs"]?.steps.flatMap(({ run }) => run ?? []) ?? [];
  assert.ok(commands.includes("deno task compile"), "without arguments: all of them");
  assert.equal(TARGETS.length, 5);
  const run = commands.find((command) => command.startsWith("dist/")) ?? "";
  assert.ok(TARGETS.some((target) => run.startsWith(`dist/claude-proxy-${target} `)));
});

/** Compiles with Deno itself as the base binary: the result does not run, but it holds the same. */
async function compileHere(): Promise<CompiledProgram> {
  const directory = await Deno.makeTempDir();
  try {
    const { file, success } = await compile(Deno.build.target, directory, Deno.execPath());
    assert.ok(success);
    return readCompiledProgram(await Deno.readFile(file));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function sourceFiles(
  directory = join(ROOT, "src"),
): Promise<{ url: string; text: string }[]> {
  const found: { url: string; text: string }[] = [];
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = join(directory, name);
    if (isDirectory && name !== "demo") found.push(...await sourceFiles(path));
    if (!name.endsWith(".ts")) continue;
    found.push({ url: new URL(`file://${path}`).href, text: await Deno.readTextFile(path) });
  }
  return found;
}

/** Every module on disk and every npm package that a root can load, lazily loaded ones too. */
async function reachable(root: string): Promise<{ files: string[]; packages: string[] }> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", root],
    cwd: ROOT,
  }).output();
  const graph = JSON.parse(new TextDecoder().decode(stdout)) as ModuleGraph;
  const modules = new Map(graph.modules.map((module) => [module.specifier, module]));
  const seen = new Set<GraphModule>();
  const pending = [root];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const module = modules.get(graph.redirects[next] ?? next);
    assert.ok(module, `${next} is not in the graph`);
    if (seen.has(module)) continue;
    seen.add(module);
    for (const { code } of module.dependencies ?? []) if (code) pending.push(code.specifier);
  }
  const packages = new Set([...seen].flatMap(({ npmPackage }) => npmPackage ?? []));
  for (const id of packages) {
    for (const dependency of graph.npmPackages[id]?.dependencies ?? []) packages.add(dependency);
  }
  const files = [...seen].filter(({ kind }) => kind !== "npm" && kind !== "node");
  return { files: files.map(({ specifier }) => specifier), packages: [...packages] };
}

async function assertHolds(
  program: CompiledProgram,
  { files, packages }: { files: string[]; packages: string[] },
): Promise<void> {
  assert.ok(files.length > 0);
  for (const specifier of files) {
    const path = fileURLToPath(specifier);
    assert.deepEqual(program.files.get(relative(ROOT, path)), await Deno.readFile(path), specifier);
  }
  for (const id of packages) {
    const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(id) ?? [];
    const manifest = `.deno_compile_node_modules/localhost/${name}/${version}/package.json`;
    assert.ok(program.files.has(manifest), `${manifest} is missing`);
  }
}
