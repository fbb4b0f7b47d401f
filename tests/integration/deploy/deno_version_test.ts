import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { denoVersionFault, REQUIRED_DENO } from "../../../src/cli/deno_version.ts";
import { copyProgram, manualBlocks } from "../../kit/process/manual.ts";
import { programTest } from "../../kit/process/programs.ts";
import { TemporaryDirectory } from "../../kit/process/temporary_directory.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const NPX = { program: "npx", install: "install Node.js" };

/** Each has another complaint of its own: about `text` imports, flags, or none at all. */
const OLDER = ["2.5.6", "2.7.14", "2.8.3"];

Deno.test("2.9.6 and what comes after it run claude-proxy, what was before does not", () => {
  for (const version of ["2.9.6", "2.9.10", "2.10.0", "3.0.0", "2.9.6+7f1c2d3"]) {
    assert.equal(denoVersionFault(version), undefined, version);
  }
  for (const version of ["1.46.3", "2.0.0", "2.8.3", "2.9.0", "2.9.5"]) {
    assert.match(denoVersionFault(version) ?? "", /needs Deno 2\.9\.6 or newer, and this is Deno /);
  }
});

Deno.test("every file that names the Deno to install names the same", async () => {
  const files: [string, RegExp][] = [
    [".ci/run", /deno@([\d.]*\d)/g],
    [".github/workflows/release.yml", /deno-version: ([\d.]*\d)/g],
    ["deploy/Dockerfile", /denoland\/deno:bin-([\d.]*\d)/g],
    ["README.md", /\bdeno@([\d.]*\d)/g],
  ];
  for (const [file, pattern] of files) {
    const named = [...(await Deno.readTextFile(ROOT + file)).matchAll(pattern)];
    assert.deepEqual([...new Set(named.map(([, version]) => version))], [REQUIRED_DENO], file);
  }
});

for (const version of OLDER) {
  programTest({
    name: `Deno ${version} ends every command of the manual with one sentence`,
    needs: [NPX],
    fn: async () => {
      using directory = new TemporaryDirectory();
      await copyProgram(directory.join("program"));
      const env = {
        PATH: await pathWithDeno(version),
        DENO_DIR: await denoDirIn(directory),
        HOME: directory.path,
        NO_COLOR: "1",
        DENO_NO_UPDATE_CHECK: "1",
      };
      const commands = (await manualBlocks()).filter(({ language, text }) =>
        language === "bash" && /deno (run|serve|task start)/.test(text)
      );
      assert.ok(commands.length >= 4, "the manual's commands were found");
      // What Deno 2.7 advises where it does not know the import of a page.
      const hinted = "deno run -A --unstable-raw-imports main.ts";
      for (const command of [...commands.map(({ text }) => text), hinted]) {
        const { code, stdout, stderr } = await new Deno.Command("sh", {
          ...{ args: ["-e", "-c", command], cwd: directory.join("program"), clearEnv: true, env },
        }).output();
        const [printed, told] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
        const own = told?.trim().split("\n").filter((line) => !isOfDeno(line));
        assert.deepEqual([...new Set(own)], [denoVersionFault(version)], command);
        assert.deepEqual({ code, printed }, { code: 2, printed: "" }, command);
      }
    },
  });
}

/** Lines that Deno prints of itself before the program begins. */
function isOfDeno(line: string): boolean {
  return /^(Task start|Warning Permissions in the config file|Download) /.test(line);
}

/** A search path on which `deno` is that version, from npm. */
async function pathWithDeno(version: string): Promise<string> {
  const args = ["-y", "-p", `deno@${version}`, "-c", 'deno --version && printf %s "$PATH"'];
  const { stdout, stderr } = await new Deno.Command("npx", { args }).output();
  const lines = new TextDecoder().decode(stdout).split("\n");
  assert.match(lines[0] ?? "", new RegExp(`^deno ${version} `), new TextDecoder().decode(stderr));
  return lines.at(-1) ?? "";
}

/** Packages as they are here, and nothing else: another version's caches are thrown away. */
async function denoDirIn(directory: TemporaryDirectory): Promise<string> {
  const info = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir } = JSON.parse(new TextDecoder().decode(info.stdout));
  await Deno.mkdir(directory.join("deno"));
  const args = ["-r", `${denoDir}/npm`, directory.join("deno")];
  assert.ok((await new Deno.Command("cp", { args }).output()).success);
  return directory.join("deno");
}
