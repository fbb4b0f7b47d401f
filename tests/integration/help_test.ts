import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { programTest } from "../kit/process/programs.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** The rows of `--help` at a terminal of some width, without any permission. */
async function rowsAt(columns: number): Promise<string[]> {
  const program = `stty cols ${columns} && deno run --cached-only ${MAIN} --help`;
  const { stdout, success } = await new Deno.Command("script", {
    args: ["-qefc", program, "/dev/null"],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  assert.ok(success);
  // deno-lint-ignore no-control-regex
  return new TextDecoder().decode(stdout).replace(/\x1b\[[0-9]*[A-Z]/g, "").split("\r\n");
}

const widest = (rows: readonly string[]) => Math.max(...rows.map((row) => row.length));

programTest({
  name: "--help is as wide as the terminal",
  needs: [{ program: "script", install: "apt-get install bsdutils" }],
  async fn() {
    for (const columns of [72, 120]) {
      const width = widest(await rowsAt(columns));
      assert.ok(width <= columns && width > columns - 8, `${width} characters at ${columns}`);
    }
  },
});

Deno.test("--help is 80 characters wide where no terminal shows it", async () => {
  await using program = await ProxyProcess.spawn({ args: ["--help"], permissions: [] });
  assert.equal(await program.exit(), 0);
  const width = widest(program.stdout);
  assert.ok(width <= 80 && width > 72, `${width} characters`);
});
