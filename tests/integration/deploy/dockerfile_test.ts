import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readDockerfile, type Stage } from "../../kit/process/dockerfile.ts";
import { shellRecipe } from "../../kit/process/manual.ts";
import { ProxyProcess } from "../../kit/process/proxy_process.ts";
import { TemporaryDirectory } from "../../kit/process/temporary_directory.ts";
import { request } from "../../kit/http1/raw_client.ts";
import { RawUpstream } from "../../kit/http1/raw_upstream.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const stages = readDockerfile(await Deno.readTextFile(join(ROOT, "deploy/Dockerfile")));
const [denoImage, buildDeno, build, image] = stages as [Stage, Stage, Stage, Stage];

Deno.test("the image is small, and not run as root", () => {
  assert.match(image.from, /^gcr\.io\/distroless\/[^:]+:nonroot@/);
  assert.equal(image.instructions.find(({ name }) => name === "USER")?.text, "nonroot");
  assert.ok(image.instructions.every(({ name }) => name !== "RUN"), "it has no shell");
});

Deno.test("base images are pinned by digest, and commands run on the platform that builds", () => {
  for (const { from } of stages) assert.match(from, /^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
  assert.equal(buildDeno.from, denoImage.from);
  for (const { platform, name, instructions } of stages) {
    const runs = instructions.some((instruction) => instruction.name === "RUN");
    assert.equal(platform, runs || name === "build-deno" ? "$BUILDPLATFORM" : undefined);
  }
});

Deno.test("the image's own commands start the proxy, tell its health, and stop it", async () => {
  await using upstream = RawUpstream.start();
  using built = await Built.image();
  const { imports } = JSON.parse(built.read("deno.json"));
  assert.ok("commander" in imports && !("openai" in imports), JSON.stringify(imports));
  await using proxy = await built.start(upstream, await variablesOfTheReadme());
  assert.equal(await statusOf("a-key-for-your-clients", proxy), 200);
  assert.equal(await built.healthcheck(proxy.port), 0);
  proxy.signal("SIGTERM");
  assert.equal(await proxy.exit(), 0);
  assert.deepEqual(proxy.stderr, []);
  assert.equal(await built.healthcheck(proxy.port), 1);
});

Deno.test("what the image holds of packages is held to the lock file", async () => {
  using built = await Built.image();
  const [ours, whole] = [built.read("deno.lock"), await Deno.readTextFile(join(ROOT, "deno.lock"))]
    .map((text) => JSON.parse(text).npm);
  assert.ok(Object.keys(ours).length > 20);
  for (const [name, entry] of Object.entries(ours)) assert.deepEqual(entry, whole[name], name);
  const caching = built.runs.find(({ words }) => words?.includes("cache"));
  assert.ok(caching?.words?.includes("--frozen"));
});

Deno.test("a mounted file may name variables, and a key in it is replaced by the signal", async () => {
  const [recipe = ""] = (await shellRecipe("docker kill")).split("docker kill");
  assert.match(recipe, /-v \/etc\/claude-proxy:\/etc\/claude-proxy:ro/);
  const [, signal] = /docker kill --signal (\w+) /.exec(await shellRecipe("docker kill")) ?? [];
  await using upstream = RawUpstream.start();
  using built = await Built.image();
  const configure = (key: string) =>
    built.write(
      "etc/config.toml",
      `client_api_key = "${key}"
       [upstream_auth]
       type = "api_key"
       api_key = "\${UPSTREAM_API_KEY}"`,
    );
  configure("the-old-key");
  await using proxy = await built.start(upstream, variablesOf(recipe));
  assert.equal(await statusOf("the-old-key", proxy), 200);
  const sent = upstream.requests[0]?.values("x-api-key");
  assert.deepEqual(sent, [variablesOf(recipe)["UPSTREAM_API_KEY"]]);

  configure("the-new-key");
  proxy.signal(`SIG${signal}` as Deno.Signal);
  await proxy.waitForLine(/settings reloaded.* changed=client_api_key$/);
  assert.deepEqual(await statusesOf(["the-old-key", "the-new-key"], proxy), [401, 200]);
});

Deno.test("pods that take over know the keys that the secret has by then", async () => {
  const recipe = await shellRecipe("kubectl rollout restart");
  const [, both = ""] = /--from-literal=client-api-key='(.*)'/.exec(recipe) ?? [];
  await using upstream = RawUpstream.start();
  using built = await Built.image();
  const variables = await variablesOfTheReadme();
  for (
    const [secret, expected] of [
      ["the-old-key", [200, 401]],
      [both, [200, 200]],
      ["the-new-key", [401, 200]],
    ] as const
  ) {
    const env = { ...variables, CLAUDE_PROXY__CLIENT_API_KEY: secret };
    await using pod = await built.start(upstream, env);
    assert.deepEqual(await statusesOf(["the-old-key", "the-new-key"], pod), expected, secret);
  }
});

Deno.test("the image knows of a forward proxy that its environment names", async () => {
  await using upstream = RawUpstream.start();
  using built = await Built.image();
  const env = { ...await variablesOfTheReadme(), HTTP_PROXY: "http://u:pass@127.0.0.1:9" };
  await using proxy = await built.start(upstream, env);
  await proxy.waitForLine(/using a forward proxy.* proxy=127\.0\.0\.1:9 variable=HTTPS?_PROXY$/);
});

/** What the image's own instructions make of the repository, in a directory of this machine. */
class Built {
  readonly #directory = new TemporaryDirectory();
  readonly runs = build.instructions.filter(({ name }) => name === "RUN");

  static async image(): Promise<Built> {
    const built = new Built();
    await copyInto(built.#directory.join("app"));
    await Deno.mkdir(built.#directory.join("etc"));
    for (const { words } of built.runs) {
      const { success, stderr } = await built.#command(words ?? []).output();
      assert.ok(success, new TextDecoder().decode(stderr));
    }
    return built;
  }

  read(name: string): string {
    return this.#directory.read(`app/${name}`);
  }

  write(name: string, text: string): void {
    Deno.writeTextFileSync(this.#directory.join(name), text);
  }

  /** Starts a container, with an upstream and a port of the test's. */
  start(upstream: RawUpstream, variables: Record<string, string>): Promise<ProxyProcess> {
    const env = {
      ...variables,
      CLAUDE_PROXY__BIND_ADDRESS: "127.0.0.1",
      CLAUDE_PROXY__PORT: "0",
      CLAUDE_PROXY__UPSTREAM_URL: upstream.url,
    };
    return ProxyProcess.start({
      ...noFlags,
      command: this.#here([...wordsOf("ENTRYPOINT"), ...wordsOf("CMD")]),
      cwd: this.#directory.join("app"),
      env: Object.fromEntries(
        Object.entries(env).map(([name, value]) => [name, this.#here([value])[0]!]),
      ),
    });
  }

  async healthcheck(port: number): Promise<number> {
    const words = wordsOf("HEALTHCHECK").map((word) => word.replace("8080", String(port)));
    return (await this.#command(words).output()).code;
  }

  #command(words: readonly string[]): Deno.Command {
    const [program = "", ...args] = this.#here(words);
    return new Deno.Command(program, { args, cwd: this.#directory.join("app") });
  }

  /** Words of the image, with its paths replaced by where they are here. */
  #here(words: readonly string[]): string[] {
    return words.map((word) =>
      word.replace(/^\/bin\/deno$/, Deno.execPath())
        .replace("/app", this.#directory.join("app"))
        .replace("/etc/claude-proxy", this.#directory.join("etc"))
    );
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}

async function statusOf(key: string, { port }: ProxyProcess): Promise<number> {
  const headers: [string, string][] = [["Host", "a"], ["x-api-key", key]];
  return (await request({ port, target: "/v1/models", headers })).status;
}

function statusesOf(keys: readonly string[], proxy: ProxyProcess): Promise<number[]> {
  return Promise.all(keys.map((key) => statusOf(key, proxy)));
}

/** Everything comes from the environment, as it does in a container. */
const noFlags = { clientKey: null, upstreamKey: null, port: null, bindAddress: null };

/** What the README's first `docker run` sets. */
async function variablesOfTheReadme(): Promise<Record<string, string>> {
  const variables = variablesOf(await shellRecipe("docker build"));
  assert.equal(Object.keys(variables).length, 4);
  return variables;
}

function variablesOf(command: string): Record<string, string> {
  const found = [...command.matchAll(/-e (\w+)="(.+)"/g)];
  return Object.fromEntries(found.map(([, name, value]) => [name, value]));
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
