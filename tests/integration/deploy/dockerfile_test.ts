import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readDockerfile, type Stage } from "../../kit/process/dockerfile.ts";
import { ProxyProcess } from "../../kit/process/proxy_process.ts";
import { request } from "../../kit/http1/raw_client.ts";
import { RawUpstream } from "../../kit/http1/raw_upstream.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const stages = readDockerfile(await Deno.readTextFile(join(ROOT, "deploy/Dockerfile")));
const [denoImage, build, image] = stages as [Stage, Stage, Stage];

Deno.test("the image is small, pinned to the Deno of the tests, and not run as root", async () => {
  const [, version] = /deno@([\d.]+)/.exec(await Deno.readTextFile(join(ROOT, ".ci/run"))) ?? [];
  assert.equal(denoImage.from, `denoland/deno:bin-${version}`);
  assert.match(image.from, /^gcr\.io\/distroless\/[^:]+:nonroot$/);
  assert.equal(image.instructions.find(({ name }) => name === "USER")?.text, "nonroot");
  assert.ok(image.instructions.every(({ name }) => name !== "RUN"), "it has no shell");
});

Deno.test("the image's own commands start the proxy, tell its health, and stop it", async () => {
  const app = await Deno.makeTempDir();
  try {
    await copyInto(app);
    for (const { words } of build.instructions.filter(({ name }) => name === "RUN")) {
      const [program = "", ...args] = onThisMachine(words ?? [], app);
      const { success, stderr } = await new Deno.Command(program, { args, cwd: app }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
    }
    const { imports } = JSON.parse(await Deno.readTextFile(join(app, "deno.json")));
    assert.ok("commander" in imports && !("openai" in imports), JSON.stringify(imports));

    await using upstream = RawUpstream.start();
    await using proxy = await ProxyProcess.start({
      ...noFlags,
      command: onThisMachine([...wordsOf("ENTRYPOINT"), ...wordsOf("CMD")], app),
      cwd: app,
      env: {
        ...await variablesOfTheReadme(),
        CLAUDE_PROXY__BIND_ADDRESS: "127.0.0.1",
        CLAUDE_PROXY__PORT: "0",
        CLAUDE_PROXY__UPSTREAM_URL: upstream.url,
      },
    });
    const headers: [string, string][] = [["Host", "a"], ["x-api-key", "a-key-for-your-clients"]];
    assert.equal((await request({ port: proxy.port, target: "/v1/models", headers })).status, 200);
    assert.equal(await healthcheck(app, proxy.port), 0);
    proxy.signal("SIGTERM");
    assert.equal(await proxy.exit(), 0);
    assert.deepEqual(proxy.stderr, []);
    assert.equal(await healthcheck(app, proxy.port), 1);
  } finally {
    await Deno.remove(app, { recursive: true });
  }
});

/** Everything comes from the environment, as it does in a container. */
const noFlags = { clientKey: null, upstreamKey: null, port: null, bindAddress: null };

/** What the README's `docker run` sets. */
async function variablesOfTheReadme(): Promise<Record<string, string>> {
  const readme = await Deno.readTextFile(join(ROOT, "README.md"));
  const [command = ""] = /^docker run [^]*?claude-proxy$/m.exec(readme) ?? [];
  const variables = [...command.matchAll(/-e (\w+)="(.+)"/g)];
  assert.equal(variables.length, 4);
  // A header's value is ASCII, the README's ellipsis is not.
  return Object.fromEntries(
    variables.map(([, name, value = ""]) => [name, value.replace("…", "")]),
  );
}

/** What the build stage copies into its working directory, less what Docker ignores. */
async function copyInto(app: string): Promise<void> {
  for (const { name, text } of build.instructions) {
    if (name !== "COPY" || text.startsWith("--from=")) continue;
    const words = text.split(" ");
    const target = join(app, words.pop() ?? "");
    for (const source of words) {
      const isDirectory = (await Deno.stat(join(ROOT, source))).isDirectory;
      const to = isDirectory ? target : join(target, source.split("/").at(-1) ?? "");
      await Deno.mkdir(join(to, ".."), { recursive: true });
      await copy(source, to);
    }
  }
}

const ignoreFile = await Deno.readTextFile(join(ROOT, "deploy/Dockerfile.dockerignore"));
const rules = ignoreFile.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

/** The last rule that names a path, or a directory it is in, decides. */
function isIgnored(path: string): boolean {
  const covers = (rule: string) => rule === "*" || path === rule || path.startsWith(`${rule}/`);
  return !rules.findLast((rule) => covers(rule.replace(/^!/, "")))?.startsWith("!");
}

async function copy(source: string, target: string): Promise<void> {
  if (isIgnored(source)) return;
  if ((await Deno.stat(join(ROOT, source))).isFile) {
    return await Deno.copyFile(join(ROOT, source), target);
  }
  await Deno.mkdir(target);
  for await (const { name } of Deno.readDir(join(ROOT, source))) {
    await copy(`${source}/${name}`, join(target, name));
  }
}

function wordsOf(instruction: string): readonly string[] {
  const { words } = image.instructions.find(({ name }) => name === instruction) ?? {};
  assert.ok(words, `${instruction} in exec form`);
  return words;
}

/** A command of the image, with its two paths replaced by where they are here. */
function onThisMachine(words: readonly string[], app: string): string[] {
  return words.map((word) => word.replace(/^\/bin\/deno$/, Deno.execPath()).replace("/app", app));
}

async function healthcheck(app: string, port: number): Promise<number> {
  const words = onThisMachine(wordsOf("HEALTHCHECK"), app);
  const [program = "", ...args] = words.map((word) => word.replace("8080", String(port)));
  const { code } = await new Deno.Command(program, { args, cwd: app }).output();
  return code;
}
