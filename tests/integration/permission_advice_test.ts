import assert from "node:assert/strict";
import { type ProxyOptions, ProxyProcess } from "../kit/process/proxy_process.ts";
import { TemporaryDirectory } from "../kit/process/temporary_directory.ts";

/** Settings as somebody gives them. */
interface Given {
  name: string;
  options: (directory: TemporaryDirectory) => ProxyOptions;
}

const UPSTREAM = "http://127.0.0.1:9";

const GIVEN: Given[] = [
  { name: "flags alone", options: () => ({ upstreamUrl: UPSTREAM }) },
  {
    name: "flags and a variable",
    options: () => ({ env: { CLAUDE_PROXY__UPSTREAM_URL: UPSTREAM } }),
  },
  {
    name: "a file elsewhere that names variables",
    options: (directory) => {
      const configFile = directory.join("proxy.toml");
      Deno.writeTextFileSync(
        configFile,
        `upstream_url = "${UPSTREAM}"
         client_api_key = "\${MY_CLIENT_KEY}"
         [upstream_auth]
         type = "api_key"
         api_key = "\${UPSTREAM_API_KEY}"`,
      );
      return { configFile, env: { MY_CLIENT_KEY: "a", UPSTREAM_API_KEY: "b" } };
    },
  },
];

/** How people run it, by the manual. */
const WAYS: string[][] = [
  ["--allow-net", "--allow-read"],
  ["--allow-net", "--allow-read", "--allow-env"],
  ["--allow-net", "--allow-read", "--ignore-env"],
  ["--allow-net", "--allow-read", "--allow-env=CLAUDE_PROXY_*"],
  ["-P"],
  ["-P", "--allow-env=UPSTREAM_API_KEY"],
  ["-A"],
];

for (const { name, options } of GIVEN) {
  for (const way of WAYS) {
    Deno.test(`${way.join(" ")} with ${name}: one piece of advice at most, then quiet`, async () => {
      using directory = new TemporaryDirectory();
      const given = options(directory);
      const first = await adviceOf({ ...given, permissions: way });
      if (first === undefined) return;
      const followed = first.instead ? first.flags : [...way, ...first.flags];
      assert.equal(
        await adviceOf({ ...given, permissions: followed }),
        undefined,
        followed.join(" "),
      );
    });
  }

  Deno.test(`what permissions prints makes a start quiet: ${name}`, async () => {
    using directory = new TemporaryDirectory();
    const given = options(directory);
    await using program = await ProxyProcess.spawn({
      ...given,
      permissions: ["-A"],
      args: ["permissions"],
    });
    assert.equal(await program.exit(), 0, program.stderr.join("\n"));
    const permissions = program.stdout.join(" ").split(" ");
    assert.equal(await adviceOf({ ...given, permissions }), undefined, permissions.join(" "));
  });
}

interface Advice {
  flags: string[];
  /** In place of what was given, rather than beside it. */
  instead: boolean;
}

/** The one piece of advice that a start gives, or a failed start; none of one that is quiet. */
async function adviceOf(options: ProxyOptions): Promise<Advice | undefined> {
  await using proxy = await ProxyProcess.spawn(options);
  const started = await proxy.waitForLine(/listening on|^Note: |^Permissions are missing/);
  const failed = started[0] !== "listening on";
  if (failed) assert.equal(await proxy.exit(), 2);
  const warnings = proxy.stdout.filter((line) => line.includes("--allow-"));
  const lines = failed ? proxy.stderr.filter((line) => line.startsWith("Note: ")) : warnings;
  assert.ok(lines.length < 2, lines.join("\n"));
  if (lines.length === 0) {
    assert.ok(!failed, proxy.stderr.join("\n"));
    return undefined;
  }
  const [line = ""] = lines;
  const flags = [...line.matchAll(/(?<=[\s'])--(?:allow|ignore)-[^\s'"]+/g)].map(([flag]) => flag);
  assert.ok(flags.length > 0, line);
  return { flags, instead: line.includes("run with ") };
}
