import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { freePort } from "../../kit/process/free_port.ts";
import { copyProgram, shellRecipe } from "../../kit/process/manual.ts";
import { programTest } from "../../kit/process/programs.ts";
import { TemporaryDirectory } from "../../kit/process/temporary_directory.ts";
import { Machine, SYSTEMD_AS_INIT } from "../../kit/servers/systemd.ts";
import { request } from "../../kit/http1/raw_client.ts";
import { RawUpstream } from "../../kit/http1/raw_upstream.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const NPM = `${JSON.parse(await denoInfo()).denoDir}/npm`;

programTest({
  name:
    "systemd installs, starts, reloads, upgrades and stops the service by the manual's commands",
  needs: SYSTEMD_AS_INIT,
  fn: async () => {
    await using upstream = RawUpstream.start();
    using files = new TemporaryDirectory();
    await layOut(files);
    const port = freePort();
    await using machine = await Machine.boot({
      over: files.path,
      bound: [
        [Deno.execPath(), "/usr/local/bin/deno"],
        [NPM, "/opt/claude-proxy/.deno/npm"],
      ],
    });
    const configure = (file: string, key: string) =>
      machine.run(`cat >${file} <<'END'
bind_address = "127.0.0.1"
port = ${port}
upstream_url = "${upstream.url}"
client_api_key = "${key}"
[upstream_auth]
type = "api_key"
api_key = "\${THE_UPSTREAM_KEY}"
[logging]
log_path = "/var/log/claude-proxy"
END`);
    await configure("/opt/claude-proxy/config.toml", "the-old-key");
    await machine.run(
      `install -d /etc/claude-proxy
       echo 'THE_UPSTREAM_KEY="upstream key"' >/etc/claude-proxy/environment
       chmod 600 /etc/claude-proxy/environment`,
    );
    await machine.run(await shellRecipe("systemctl enable --now claude-proxy"));
    await logged(machine, /listening on/);
    const statusOf = async (key: string) => {
      const headers: [string, string][] = [["Host", "a"], ["x-api-key", key]];
      return (await request({ port, headers })).status;
    };
    assert.deepEqual([await statusOf("the-old-key"), await statusOf("the-new-key")], [200, 401]);
    assert.deepEqual(upstream.requests[0]?.values("x-api-key"), ["upstream key"]);

    await configure("/etc/claude-proxy/config.toml", "the-new-key");
    const [edit, ...reload] = (await shellRecipe("systemctl reload")).split("\n");
    assert.match(edit ?? "", /^sudoedit /);
    await machine.run(reload.join("\n"));
    await logged(machine, /settings reloaded.* changed=client_api_key$/m);
    assert.deepEqual([await statusOf("the-old-key"), await statusOf("the-new-key")], [401, 200]);

    const pid = await machine.run("systemctl show --property MainPID --value claude-proxy");
    const status = await machine.run(`cat /proc/${pid}/status /proc/${pid}/limits`);
    assert.match(status, /^Uid:\t6[1-5]\d{3}\t/m, "a user of its own");
    assert.match(status, /^Max core file size +0 +0 /m);
    assert.equal(
      await machine.run("stat --format %a:%U /etc/claude-proxy/config.toml"),
      "600:root",
    );

    await machine.run(await shellRecipe("systemctl start claude-proxy@b"));
    assert.match(await logged(machine, /msg=stopped/), /msg=draining reason=successor/);
    await machine.run("test ! -e /run/claude-proxy"); // The copy of the file went with it.
    assert.deepEqual([await statusOf("the-old-key"), await statusOf("the-new-key")], [401, 200]);
    const states = "systemctl is-enabled claude-proxy claude-proxy@b || true";
    assert.equal(await machine.run(states), "disabled\nenabled");

    await machine.run("systemctl stop claude-proxy@b");
    assert.match(
      await logged(machine, /msg=stopped[^]*msg=stopped/),
      /msg=draining signal=SIGTERM/,
    );
    await machine.run("test ! -e /run/claude-proxy@b");
  },
});

/** The repository where the manual wants it, and `sudo` where there is none. */
async function layOut(files: TemporaryDirectory): Promise<void> {
  await copyProgram(files.join("opt/claude-proxy"));
  await Deno.mkdir(files.join("opt/claude-proxy/deploy"));
  const unit = "deploy/claude-proxy.service";
  await Deno.copyFile(ROOT + unit, files.join(`opt/claude-proxy/${unit}`));
  await Deno.mkdir(files.join("usr/local/bin"), { recursive: true });
  const sudo = files.join("usr/local/bin/sudo");
  await Deno.writeTextFile(sudo, '#!/bin/sh\nexec env "$@"\n', { mode: 0o755 });
}

/** Waits for what the service logs, and returns all of it. */
async function logged(machine: Machine, pattern: RegExp): Promise<string> {
  for (let tries = 0; tries < 200; tries++) {
    const text = await machine.run("cat /var/log/claude-proxy/* 2>/dev/null || true");
    if (pattern.test(text)) return text;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return assert.fail(
    `no line like ${pattern}:\n${await machine.run("systemctl status claude-proxy || true")}`,
  );
}

async function denoInfo(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return new TextDecoder().decode(stdout);
}
