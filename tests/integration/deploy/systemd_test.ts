import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { allSettings } from "../../../src/config/schema/placed_setting.ts";
import { programTest } from "../../kit/process/programs.ts";
import { ProxyProcess, UPSTREAM_KEY } from "../../kit/process/proxy_process.ts";
import { TemporaryDirectory } from "../../kit/process/temporary_directory.ts";
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
  name: "the unit's commands serve, write logs and reload with the system calls that it allows",
  needs: [SYSTEMD, STRACE],
  fn: async () => {
    await using upstream = RawUpstream.start();
    using machine = new Machine();
    machine.write("etc/environment", `THE_UPSTREAM_KEY="${UPSTREAM_KEY}"\n`);
    machine.configure(upstream.url, "old-key");
    const trace = machine.path("trace");
    await using proxy = await machine.start(["strace", "-D", "-f", "-qq", "-o", trace]);
    const status = async (key: string) => {
      const headers: [string, string][] = [["Host", "a"], ["x-api-key", key]];
      return (await request({ port: proxy.port, headers })).status;
    };
    for (let count = 0; count < 20; count++) assert.equal(await status("old-key"), 200);
    assert.deepEqual(upstream.requests[0]?.values("x-api-key"), [UPSTREAM_KEY]);

    machine.configure(upstream.url, "new-key");
    assert.deepEqual([await status("old-key"), await status("new-key")], [200, 401]);
    await machine.run("Service.ExecReload", proxy.pid);
    await proxy.waitForLine(/settings reloaded.* changed=client_api_key$/);
    assert.deepEqual([await status("old-key"), await status("new-key")], [401, 200]);

    proxy.signal("SIGTERM");
    assert.equal(await proxy.exit(30_000), 0);
    assert.deepEqual(proxy.stderr, []);
    assert.match(machine.logs(), /settings reloaded/);

    const used = new Set(
      [...machine.read("trace").matchAll(/^\d+ +(\w+)\(/gm)].map(([, name]) => name),
    );
    assert.ok(used.size > 30, "strace saw the program");
    const allowed = await allowedCalls();
    // SQLite, which keeps Deno's caches, calls it as root only, to give a file to its owner.
    if (Deno.uid() === 0) allowed.add("fchown");
    assert.deepEqual([...used].filter((name) => !allowed.has(name ?? "")), []);
  },
});

Deno.test("the program knows of a forward proxy that the environment file names", async () => {
  using machine = new Machine();
  machine.write("etc/environment", "THE_UPSTREAM_KEY=k\nHTTPS_PROXY=http://u:pass@127.0.0.1:9\n");
  machine.configure("https://upstream.test", "a-key");
  await using proxy = await machine.start();
  await proxy.waitForLine(/using a forward proxy.* proxy=127\.0\.0\.1:9 variable=HTTPS?_PROXY$/);
});

Deno.test("memory stays with the service: no dump, and no port for the inspector", () => {
  assert.deepEqual(unit.get("Service.LimitCORE"), ["0"]);
  assert.deepEqual(unit.get("Service.SocketBindDeny"), ["tcp:9229"]);
});

Deno.test("a program that exits with 70 is started again, one whose settings are wrong is not", () => {
  assert.deepEqual(unit.get("Service.Restart"), ["on-failure"]);
  assert.deepEqual(unit.get("Service.RestartPreventExitStatus"), ["2"]);
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

/** The directories that systemd makes for the unit, and its commands with their paths there. */
class Machine {
  readonly #directory = new TemporaryDirectory();

  constructor() {
    this.#make("etc", "run/claude-proxy");
    // DynamicUser= puts a link where the unit looks, and the directory out of other users' reach.
    for (const kind of ["state", "logs"]) {
      this.#make(`${kind}/private/claude-proxy`);
      Deno.symlinkSync("private/claude-proxy", this.path(`${kind}/claude-proxy`));
    }
  }

  path(name: string): string {
    return this.#directory.join(name);
  }

  write(name: string, text: string): void {
    Deno.writeTextFileSync(this.path(name), text);
  }

  read(name: string): string {
    return this.#directory.read(name);
  }

  /** What the log files hold. */
  logs(): string {
    const directory = "logs/private/claude-proxy";
    const names = [...Deno.readDirSync(this.path(directory))].map(({ name }) => name);
    return names.map((name) => this.read(`${directory}/${name}`)).join("");
  }

  /** Writes `/etc/claude-proxy/config.toml`, as an operator edits it. */
  configure(upstreamUrl: string, clientKey: string): void {
    this.write(
      "etc/config.toml",
      `bind_address = "127.0.0.1"
       port = 0
       upstream_url = "${upstreamUrl}"
       client_api_key = "${clientKey}"
       [upstream_auth]
       type = "api_key"
       api_key = "\${THE_UPSTREAM_KEY}"
       [logging]
       log_path = "${this.path("logs/claude-proxy")}"`,
    );
  }

  /** Runs what comes before the unit's program, and the program, behind `wrapper`. */
  async start(wrapper: readonly string[] = []): Promise<ProxyProcess> {
    await this.run("Service.ExecStartPre");
    const [command] = this.#commands("Service.ExecStart");
    return await ProxyProcess.start({
      ...{ clientKey: null, upstreamKey: null, port: null, bindAddress: null },
      cwd: ROOT,
      command: [...wrapper, ...command ?? []],
      env: this.#environment(),
      deadlineMs: 60_000,
    });
  }

  /** Runs each command of a setting, one after the other, as systemd does. */
  async run(setting: string, mainPid?: number): Promise<void> {
    for (const [program = "", ...words] of this.#commands(setting)) {
      const args = words.map((word) => word.replace("$MAINPID", String(mainPid)));
      const { success } = await new Deno.Command(program, { args }).output();
      assert.ok(success, [program, ...args].join(" "));
    }
  }

  #commands(setting: string): string[][] {
    const commands = unit.get(setting) ?? assert.fail(setting);
    return commands.map((command) =>
      command.replace(/^\+/, "").split(" ").map((word) =>
        word.replace("/usr/local/bin/deno", Deno.execPath())
          .replaceAll("/opt/claude-proxy", ROOT.slice(0, -1))
          .replaceAll("/etc/claude-proxy", this.path("etc"))
          .replaceAll("%t", this.path("run"))
          .replaceAll("%N", "claude-proxy")
          .replaceAll("%S", this.path("state"))
          .replaceAll("%L", this.path("logs"))
      )
    );
  }

  /** Lines of the form NAME=value, quoted or not, are what the file may hold. */
  #environment(): Record<string, string> {
    assert.deepEqual(unit.get("Service.EnvironmentFile"), ["-/etc/claude-proxy/environment"]);
    const lines = this.read("etc/environment").matchAll(/^(\w+)="?(.*?)"?$/gm);
    return Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
  }

  #make(...names: string[]): void {
    for (const name of names) Deno.mkdirSync(this.path(name), { recursive: true });
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
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
