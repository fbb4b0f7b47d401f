import assert from "node:assert/strict";
import { allSettings } from "../../../src/config/schema/placed_setting.ts";
import { copyProgram, manualBlocks, shellRecipe } from "../../kit/process/manual.ts";
import { ProxyProcess } from "../../kit/process/proxy_process.ts";
import { TemporaryDirectory } from "../../kit/process/temporary_directory.ts";
import { request } from "../../kit/http1/raw_client.ts";
import { RawUpstream } from "../../kit/http1/raw_upstream.ts";

/** A recipe of the manual says it all: no flag of the test's. */
const NO_FLAGS = { clientKey: null, upstreamKey: null, port: null, bindAddress: null };

/** A fresh clone, and a search path on which `deno` is the one that runs the tests. */
class Clone {
  readonly #directory = new TemporaryDirectory();

  static async make(): Promise<Clone> {
    const clone = new Clone();
    await copyProgram(clone.join("clone"));
    await Deno.mkdir(clone.join("bin"));
    await Deno.symlink(Deno.execPath(), clone.join("bin/deno"));
    return clone;
  }

  join(name: string): string {
    return this.#directory.join(name);
  }

  /** Has the example file name an upstream of the test's, and a port that is free. */
  async settle(upstream: RawUpstream): Promise<void> {
    const file = this.join("clone/config.example.toml");
    const example = await Deno.readTextFile(file);
    const replaced = replaceEach(example, [
      ["https://api.anthropic.com", upstream.url],
      ['#bind_address = "0.0.0.0"', 'bind_address = "127.0.0.1"'],
      ["#port = 8080", "port = 0"],
    ]);
    await Deno.writeTextFile(file, replaced);
  }

  /** Runs commands of the manual, of which the last one starts the proxy. */
  start(commands: string): Promise<ProxyProcess> {
    const lines = commands.trim().replaceAll("\\\n", " ").split("\n");
    const last = `exec ${lines.pop()}`;
    return ProxyProcess.start({
      ...NO_FLAGS,
      command: ["sh", "-e", "-c", [...lines, last].join("\n")],
      cwd: this.join("clone"),
      env: { PATH: `${this.join("bin")}:${Deno.env.get("PATH")}` },
    });
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}

function replaceEach(text: string, pairs: readonly [from: string, to: string][]): string {
  return pairs.reduce((changed, [from, to]) => {
    assert.ok(changed.includes(from), `the text lacks ${from}`);
    return changed.replace(from, to);
  }, text);
}

/** Asks with a key, then ends the proxy as Ctrl-C would, its parents with it. */
async function assertServes(
  proxy: ProxyProcess,
  upstream: RawUpstream,
  [clientKey, upstreamKey]: readonly [string, string],
): Promise<void> {
  try {
    const headers: [string, string][] = [["Host", "a"], ["x-api-key", clientKey]];
    assert.equal((await request({ port: proxy.port, headers })).status, 200);
    assert.deepEqual(upstream.requests[0]?.values("x-api-key"), [upstreamKey]);
  } finally {
    proxy.signal("SIGTERM");
    await proxy.exit();
  }
}

Deno.test("the manual's first command starts as it is written", async () => {
  const recipe = await shellRecipe("deno run -P main.ts --upstream-url");
  await using upstream = RawUpstream.start();
  using clone = await Clone.make();
  const url = "https://api.anthropic.com";
  const here = replaceEach(recipe, [[url, `${upstream.url} --bind-address 127.0.0.1 --port 0`]]);
  await using proxy = await clone.start(here);
  await assertServes(proxy, upstream, keysIn(recipe));
  assert.doesNotMatch(proxy.stdout.join("\n"), /--allow-|list of processes/);
});

Deno.test("no command of the manual gives a secret in a flag", async () => {
  const flags = allSettings().flatMap(({ flag, setting }) => flag && setting.secret ? [flag] : []);
  assert.ok(flags.length > 2);
  for (const { text, language } of await manualBlocks()) {
    if (language !== "bash") continue;
    for (const flag of flags) assert.ok(!text.includes(`${flag} `), text);
  }
});

Deno.test("the example file starts as it is written, by the manual's commands", async () => {
  const recipe = await shellRecipe("cp config.example.toml config.toml");
  await using upstream = RawUpstream.start();
  using clone = await Clone.make();
  await clone.settle(upstream);
  await using proxy = await clone.start(recipe);
  await assertServes(proxy, upstream, keysIn(recipe));
  assert.doesNotMatch(proxy.stdout.join("\n"), /--allow-/);
});

Deno.test("the example file starts from a directory outside of the clone too", async () => {
  const recipe = await shellRecipe("cp config.example.toml config.toml");
  await using upstream = RawUpstream.start();
  using clone = await Clone.make();
  await clone.settle(upstream);
  const elsewhere = clone.join("config.toml");
  const commands = replaceEach(recipe, [
    [" config.toml", ` ${elsewhere}`],
    ["deno task start", `deno task start --config ${elsewhere}`],
  ]);
  await using proxy = await clone.start(commands);
  await assertServes(proxy, upstream, keysIn(recipe));
  assert.doesNotMatch(proxy.stdout.join("\n"), /--allow-/);
});

/** What the recipe sets the two variables to. */
function keysIn(recipe: string): [client: string, upstream: string] {
  const value = (name: RegExp) => name.exec(recipe)?.[1] ?? assert.fail();
  return [value(/CLIENT_API_KEY="(.*)"/), value(/UPSTREAM_(?:AUTH__)?API_KEY="(.*)"/)];
}

Deno.test("the permission set names every variable that the example file names", async () => {
  const example = await Deno.readTextFile(new URL("../../../config.example.toml", import.meta.url));
  const config = await Deno.readTextFile(new URL("../../../deno.json", import.meta.url));
  const { env } = JSON.parse(config).permissions.default;
  const named = [...example.matchAll(/= "\$\{(\w+)\}"/g)].map(([, name]) => name);
  assert.ok(named.length > 2);
  assert.deepEqual(named.filter((name) => !env.includes(name)), []);
});
