import assert from "node:assert/strict";
import {
  CLIENT_KEY,
  type ProxyOptions,
  ProxyProcess,
  UPSTREAM_KEY,
} from "../kit/process/proxy_process.ts";
import { neededAlone, printedPermissions, printedSet } from "../kit/process/printed_permissions.ts";
import { request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { freePort } from "../kit/process/free_port.ts";

interface Case {
  name: string;
  /** Creates what the settings name, below a directory. */
  prepare: (directory: string, upstreamUrl: string) => Promise<ProxyOptions>;
  /** It cannot do without the variables that other starts only look for. */
  needsVariables?: true;
}

const CASES: Case[] = [
  { name: "flags alone", prepare: () => Promise.resolve({}) },
  {
    name: "a file with a variable in it",
    prepare: async (directory, upstreamUrl) => {
      const configFile = `${directory}/proxy.toml`;
      await Deno.writeTextFile(
        configFile,
        `upstream_url = "${upstreamUrl}"\nclient_api_key = "${CLIENT_KEY}"\n` +
          '[upstream_auth]\ntype = "api_key"\napi_key = "${THE_UPSTREAM_KEY}"\n',
      );
      return { configFile, env: { THE_UPSTREAM_KEY: UPSTREAM_KEY } };
    },
  },
  {
    name: "variables of the proxy's own",
    needsVariables: true,
    prepare: () =>
      Promise.resolve({ clientKey: null, env: { CLAUDE_PROXY__CLIENT_API_KEY: CLIENT_KEY } }),
  },
  {
    name: "log files and an admin listener",
    prepare: (directory) =>
      Promise.resolve({
        args: ["--log-path", `${directory}/logs`, "--admin-port", String(freePort())],
      }),
  },
];

for (const { name, prepare, needsVariables } of CASES) {
  Deno.test(`the printed permissions suffice, and none can be left out: ${name}`, async (t) => {
    const directory = await Deno.makeTempDir();
    await using upstream = RawUpstream.start();
    const options = {
      upstreamUrl: upstream.url,
      port: freePort(),
      ...await prepare(directory, upstream.url),
    };
    const flags = await printedPermissions(options);
    const needed = neededAlone(flags).map((flag) => flag.split("=")[0]);

    await t.step(`runs with ${flags.map((flag) => flag.split("=")[0]).join(" ")}`, async () => {
      const audit = `${directory}/audit.jsonl`;
      await using proxy = await ProxyProcess.start({
        ...options,
        permissions: flags,
        env: { ...options.env, DENO_AUDIT_PERMISSIONS: audit },
      });
      const response = await request({
        port: proxy.port,
        headers: [["Host", "localhost"], ["x-api-key", CLIENT_KEY]],
      });
      assert.equal(response.status, 200);
      assert.deepEqual((await upstream.nextRequest()).values("x-api-key"), [UPSTREAM_KEY]);
      await assertAsksForNoMoreThan(flags, audit);
    });

    for (const flag of flags) {
      const [kind = ""] = flag.split("=");
      const lacking = { ...options, permissions: flags.filter((other) => other !== flag) };
      if (!needed.includes(kind) && !needsVariables) {
        await t.step(`says so without ${kind}, and starts`, async () => {
          await using proxy = await ProxyProcess.start(lacking);
          const said = proxy.stdout.filter((line) => line.includes("--allow-"));
          assert.deepEqual(said.map((line) => line.includes(`'${flag}'`)), [true], said.join("\n"));
        });
        continue;
      }
      await t.step(`fails without ${kind}, and says so`, async () => {
        await using program = await ProxyProcess.spawn(lacking);
        assert.equal(await program.exit(), 2);
        assert.match(program.stderr.join("\n"), new RegExp(`${kind}=|is not set|not allowed`));
        assert.deepEqual(program.stdout, []);
      });
    }
    await Deno.remove(directory, { recursive: true });
  });
}

/** Reads Deno's own record of every permission asked for. */
async function assertAsksForNoMoreThan(flags: string[], audit: string): Promise<void> {
  const granted = new Map(flags.map((flag) => {
    const [kind = "", values = ""] = flag.replace("--allow-", "").split("=");
    return [kind, values.split(",")];
  }));
  // `fetch` is recorded with its URL, which `--allow-net` knows as host and port.
  const address = (value: string) => URL.parse(value)?.host ?? value;
  const covered = (permission: string, value: string) =>
    granted.get(permission)?.some((one) => {
      if (permission === "net") return address(value) === one;
      if (one === "config.toml") return value.endsWith("/config.toml");
      if (one.endsWith("*")) return value.startsWith(one.slice(0, -1));
      return value === one || value.startsWith(one.endsWith("/") ? one : `${one}/`);
    });
  const asked = (await Deno.readTextFile(audit)).trim().split("\n").map((line) => JSON.parse(line));
  assert.ok(asked.length > 0);
  // A value of null is the supervisor handing a part of its own permission to a worker.
  const beyond = asked.filter(({ permission, value }) =>
    value !== null && !covered(permission, value)
  );
  assert.deepEqual(beyond, []);
}

Deno.test("permissions --json is a set that deno.json takes", async () => {
  const port = freePort();
  const options = { upstreamUrl: "http://127.0.0.1:9", port };
  const set = await printedSet(options);
  assert.deepEqual(set["net"], [`127.0.0.1:${port}`, "127.0.0.1:9"]);
  assert.deepEqual(Object.keys(set).sort(), ["env", "net", "read"]);
  const flags = Object.entries(set).map(([kind, values]) => `--allow-${kind}=${values.join(",")}`);
  assert.deepEqual(flags.sort(), (await printedPermissions(options)).sort());
});

Deno.test("a start with fewer permissions names each that is missing with its setting", async () => {
  await using program = await ProxyProcess.spawn({
    upstreamUrl: "http://127.0.0.1:9",
    port: 8765,
    permissions: [],
  });
  assert.equal(await program.exit(), 2);
  const printed = program.stderr.join("\n");
  assert.match(printed, /--allow-net=127\.0\.0\.1:8765 {2}\(bind_address, port\)/);
  assert.match(printed, /--allow-net=127\.0\.0\.1:9 {2}\(upstream_url\)/);
  assert.match(printed, /--allow-read=\S+\/src\/ {2}\(workers\)/);
  assert.match(printed, /All the settings need: --allow-net=/);
});

Deno.test("a start with every permission warns once, with the tight line", async () => {
  await using proxy = await ProxyProcess.start({
    upstreamUrl: "http://127.0.0.1:9",
    permissions: ["-A"],
  });
  const warnings = proxy.stdout.filter((line) => line.includes("More is allowed"));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /level=warn .*run with --allow-net=/);
});

Deno.test("without environment permission variables read as unset, and one line says so", async () => {
  await using proxy = await ProxyProcess.start({
    upstreamUrl: "http://127.0.0.1:9",
    env: { CLAUDE_PROXY__LOGGING__LEVEL: "error" },
  });
  const lines = proxy.stdout.filter((line) => line.includes("Environment variables were not read"));
  assert.equal(lines.length, 1);
});

Deno.test("the permission set in deno.json suffices for the API key", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, permissions: ["-P"] });
  assert.equal((await request({ port: proxy.port })).status, 200);
});
