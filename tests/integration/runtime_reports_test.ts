import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type NeededProgram, programTest } from "../kit/process/programs.ts";

const OPENSSL: NeededProgram = { program: "openssl", install: "apt-get install openssl" };
const REPORTS = fileURLToPath(new URL("../../docs/runtime/", import.meta.url));
/** The head of a report: its title, and what its script prints. */
const HEAD = /^\/\*\*\n \* (.+)\.\n \*\n[^]*?^ \* ```text\n([^]*?)^ \* ```$[^]*?^ \*\/$/m;

interface Report {
  readonly file: string;
  readonly title: string;
  readonly script: string;
  readonly printed: string;
}

function readReport(file: string): Report {
  const text = Deno.readTextFileSync(join(REPORTS, file));
  const [head = "", title = "", printed = ""] = HEAD.exec(text) ?? [];
  return { file, title, script: text.slice(head.length), printed: printed.replace(/^ \* /gm, "") };
}

const files = [...Deno.readDirSync(REPORTS)].map(({ name }) => name)
  .filter((name) => name.endsWith(".ts")).sort();
const reports = files.map(readReport);

Deno.test("docs/runtime/README.md lists every report to the runtime with its title", () => {
  const readme = Deno.readTextFileSync(join(REPORTS, "README.md"));
  const listed = [...readme.matchAll(/^\| \[\d+\]\((.+)\) +\| (.+?) +\|$/gm)];
  assert.deepEqual(
    listed.map(([, file, title]) => ({ file, title })),
    reports.map(({ file, title }) => ({ file, title })),
  );
});

Deno.test("the types of every report to the runtime are right without our settings", async () => {
  const { success, stderr } = await deno("check", "--no-config", ...files);
  assert.ok(success, stderr);
});

for (const { file, title, script, printed } of reports) {
  programTest({
    name: `the runtime is as docs/runtime/${file} reports: ${title}`,
    needs: script.includes("openssl") ? [OPENSSL] : [],
    fn: async () => {
      const options = ["--no-config", "--unstable-no-legacy-abort", "-A"];
      const { stdout, stderr } = await deno("run", ...options, file);
      assert.equal(stdout || stderr, printed, "a limit in README.md may have gone");
    },
  });
}

async function deno(
  ...args: string[]
): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const env = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    env,
    cwd: REPORTS,
  }).output();
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
