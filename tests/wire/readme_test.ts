import assert from "node:assert/strict";
import { join } from "node:path";
import { type NeededProgram, programTest } from "../kit/programs.ts";

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

/** Runs a script, its types checked, by itself. */
async function run(script: string): Promise<string> {
  const directory = await Deno.makeTempDir();
  try {
    const file = join(directory, "report.ts");
    await Deno.writeTextFile(file, script);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--check", "--no-config", "--unstable-no-legacy-abort", "-A", file],
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout);
    return text === "" ? new TextDecoder().decode(stderr) : text;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
