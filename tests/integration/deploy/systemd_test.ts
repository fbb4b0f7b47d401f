import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { allSettings } from "../../../src/config/schema/placed_setting.ts";
import { programTest } from "../../kit/process/programs.ts";
import { CLIENT_KEY, ProxyProcess, UPSTREAM_KEY } from "../../kit/process/proxy_process.ts";
import { request } from "../../kit/http1/raw_client.ts";
import { RawUpstream } from "../../kit/http1/raw_upstream.ts";
import { readUnitFile } from "../../kit/process/unit_file.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const text = await Deno.readTextFile(join(ROOT, "deploy/claude-proxy.service"));
const unit = readUnitFile(text);

const SYSTEMD = { program: "systemd-analyze", install: "apt-get install systemd" };
const STRACE = { program: "strace", install: "apt-get install strace" };

/** Of 100, as systemd counts: 0 is a service that can do nothing, 100 one that can do anything. */
const EXPOSURE = 20;

programTest({
  name: "systemd finds nothing wrong with the unit, and little that it exposes",
  needs: [SYSTEMD],
  fn: async () => {
    const directory = await Deno.makeTempDir();
    try {
      // It looks for the program too, which is installed elsewhere here.
      const file = join(directory, "claude-proxy.service");
      await Deno.writeTextFile(file, text.replace("/usr/local/bin/deno", Deno.execPath()));
      const verified = await systemdAnalyze("verify", file);
      assert.deepEqual(verified, { code: 0, stdout: "", stderr: "" });
      const exposure = await systemdAnalyze(
        "security",
        "--offline=true",
        `--threshold=${EXPOSURE}`,
        "--no-pager",
        file,
      );
      console.log(exposure.stdout.trim().split("\n").at(-1));
      assert.equal(exposure.code, 0, exposure.stdout);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

programTest({
  name: "the unit's command serves with the system calls that the unit allows",
  needs: [SYSTEMD, STRACE],
  fn: async () => {
    const directory = await Deno.makeTempDir();
    try {
      const trace = join(directory, "trace");
      await using upstream = RawUpstream.start();
      await Deno.writeTextFile(
        join(directory, "config.toml"),
        `bind_address = "127.0.0.1"
         port = 0
         upstream_url = "${upstream.url}"
         client_api_key = "${CLIENT_KEY}"
         [upstream_auth]
         type = "api_key"
         api_key = "${UPSTREAM_KEY}"`,
      );
      await using proxy = await ProxyProcess.start({
        clientKey: null,
        upstreamKey: null,
        port: null,
        bindAddress: null,
        cwd: ROOT,
        command: ["strace", "-D", "-f", "-qq", "-o", trace, ...execStart(directory)],
        deadlineMs: 60_000,
      });
      for (let count = 0; count < 20; count++) {
        const headers: [string, string][] = [["Host", "a"], ["x-api-key", CLIENT_KEY]];
        assert.equal((await request({ port: proxy.port, headers })).status, 200);
      }
      proxy.signal("SIGTERM");
      assert.equal(await proxy.exit(30_000), 0);
      assert.deepEqual(proxy.stderr, []);

      const used = new Set(
        [...(await Deno.readTextFile(trace)).matchAll(/^\d+ +(\w+)\(/gm)].map(([, name]) => name),
      );
      assert.ok(used.size > 30, "strace saw the program");
      const allowed = await allowedCalls();
      // SQLite, which keeps Deno's caches, calls it as root only, to give a file to its owner.
      if (Deno.uid() === 0) allowed.add("fchown");
      assert.deepEqual([...used].filter((name) => !allowed.has(name ?? "")), []);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

Deno.test("the unit gives running streams the time that the proxy gives them", () => {
  const timeout = allSettings().find(({ path }) => path === "shutdown_timeout")?.setting;
  assert.ok(timeout && "default" in timeout);
  assert.ok(Number(unit.get("Service.TimeoutStopSec")) > Number(timeout.default));
});

async function systemdAnalyze(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command("systemd-analyze", { args }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** The unit's command, with its paths replaced by where they are here. */
function execStart(directory: string): string[] {
  const [command = ""] = unit.get("Service.ExecStart") ?? [];
  return command.split(" ").map((word) =>
    word.replace("/usr/local/bin/deno", Deno.execPath())
      .replaceAll("/opt/claude-proxy", ROOT.slice(0, -1))
      .replaceAll("%d", directory)
      .replaceAll("%S", join(directory, "state"))
      .replaceAll("%L", join(directory, "logs"))
  );
}

/** What remains of `SystemCallFilter=`: sets and calls are added, or taken away after a `~`. */
async function allowedCalls(): Promise<Set<string>> {
  const sets = callSets((await systemdAnalyze("syscall-filter", "--no-pager")).stdout);
  const expand = (name: string): string[] =>
    name.startsWith("@") ? (sets.get(name) ?? []).flatMap(expand) : [name];
  const allowed = new Set(expand("@default"));
  for (const line of unit.get("Service.SystemCallFilter") ?? []) {
    const calls = line.replace("~", "").split(" ").flatMap(expand);
    for (const call of calls) line.startsWith("~") ? allowed.delete(call) : allowed.add(call);
  }
  return allowed;
}

/** `systemd-analyze syscall-filter` lists each set's name, and its members indented. */
function callSets(listing: string): Map<string, string[]> {
  const sets = new Map<string, string[]>();
  let members: string[] = [];
  for (const line of listing.split("\n")) {
    if (/^@/.test(line)) sets.set(line.trim(), members = []);
    else if (/^\s+[@\w]/.test(line)) members.push(line.trim());
  }
  return sets;
}
