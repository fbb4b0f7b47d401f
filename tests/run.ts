/**
 * Runs every test: most files side by side, then those that need the machine or the process to
 * themselves. Its last line is the sum of what the runner counted: "N passed, N failed", and
 * ", N skipped". Arguments, such as `--filter`, go to the runner.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { sumOfOutcomes, type TestOutcome, testOutcome } from "./kit/process/test_outcome.ts";

/** Files that run one after another, and why. */
const ALONE: Readonly<Record<string, string>> = {
  "tests/integration/hostile_uploads_test.ts": "measures memory, and how long others wait",
  "tests/integration/memory_test.ts": "measures memory",
  "tests/integration/runtime_reports_test.ts": "compares times and memory",
  "tests/integration/token_load_test.ts": "counts requests a second",
  "tests/integration/websocket_flood_test.ts": "measures memory, and who is held back",
  "tests/integration/websocket_memory_test.ts": "measures memory",
  "tests/unit/credentials/providers/azure_cli_limit_test.ts": "sets PATH for its whole process",
};
/** Files that run side by side. They wait as much as they compute, so there are three for two cores. */
const JOBS = Math.min(8, Math.ceil(1.5 * navigator.hardwareConcurrency));

async function run(...args: string[]): Promise<TestOutcome> {
  const { stdout, status } = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", ...args, ...Deno.args],
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    env: { DENO_JOBS: Deno.env.get("DENO_JOBS") ?? String(JOBS) },
    stdout: "piped",
  }).spawn();
  const [shown, kept] = stdout.tee();
  const [output] = await Promise.all([
    new Response(kept).text(),
    shown.pipeTo(Deno.stdout.writable, { preventClose: true }),
  ]);
  return testOutcome(stripVTControlCharacters(output), (await status).success);
}

const started = performance.now();
const alone = Object.keys(ALONE);
const outcomes = [
  await run("--parallel", `--ignore=${alone.join(",")}`, "tests/"),
  await run(...alone),
];
for (const line of outcomes.flatMap(({ skippedTests }) => skippedTests)) console.log(line);
console.log(`${Math.round((performance.now() - started) / 1000)} s in all`);
console.log(sumOfOutcomes(outcomes));
Deno.exit(outcomes.every(({ failed }) => failed === 0) ? 0 : 1);
