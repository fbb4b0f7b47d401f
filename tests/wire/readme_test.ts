import assert from "node:assert/strict";
import { join } from "node:path";
import { type NeededProgram, programTest } from "../kit/process/programs.ts";

const OPENSSL: NeededProgram = { program: "openssl", install: "apt-get install openssl" };
/** A report: its heading, its script, and what that prints. */
const REPORT = /^### (.+)$[^]*?^```ts\n([^]*?)^```$[^]*?^```text\n([^]*?)^```$/gm;

const readme = Deno.readTextFileSync(new URL("README.md", import.meta.url));
const reports = [...readme.matchAll(REPORT)];

Deno.test("every report to the runtime in tests/wire/README.md has a script and its output", () => {
  const headings = readme.match(/^### .+$/gm) ?? [];
  assert.deepEqual(reports.map(([, heading]) => `### ${heading}`), headings);
});

for (const [, heading = "", script = "", printed = ""] of reports) {
  programTest({
    name: `the runtime is as tests/wire/README.md reports: ${heading}`,
    needs: script.includes("openssl") ? [OPENSSL] : [],
    fn: async () => assert.equal(await run(script), printed, "a limit in README.md may have gone"),
  });
}

/** Checks the types of a script and runs it, in a process that no type checker has left memory to. */
async function run(script: string): Promise<string> {
  const directory = await Deno.makeTempDir();
  try {
    const file = join(directory, "report.ts");
    await Deno.writeTextFile(file, script);
    const checked = await deno("check", "--no-config", file);
    if (!checked.success) return checked.stderr;
    const { stdout, stderr } = await deno(
      ...["run", "--no-config", "--unstable-no-legacy-abort", "-A", file],
    );
    return stdout === "" ? stderr : stdout;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function deno(
  ...args: string[]
): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const env = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, env })
    .output();
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
