/** What one call of Deno's test runner came to. */
export interface TestOutcome {
  readonly passed: number;
  readonly failed: number;
  /** Tests, and steps of tests, that were not run. */
  readonly skipped: number;
  /** The lines that tell of skipped tests. */
  readonly skippedTests: readonly string[];
}

/** "ok | 12 passed (3 steps) | 0 failed | 1 ignored (2 steps) (5s)" */
const SUMMARY = /^(?:ok|FAILED) \| (?<passed>\d+) passed.*? \| (?<failed>\d+) failed/;
const IGNORED = / \| (?<tests>\d+) ignored(?: \((?<steps>\d+) steps?\))?/;

/**
 * Reads what the runner counted out of what it printed.
 *
 * @param output without colours
 * @param success whether it ended with exit code 0; if not, at least one test has failed, for a
 * runner may end before it can count
 */
export function testOutcome(output: string, success: boolean): TestOutcome {
  const lines = output.split("\n");
  const summary = lines.findLast((line) => SUMMARY.test(line)) ?? "";
  const counts = SUMMARY.exec(summary)?.groups ?? {};
  const ignored = IGNORED.exec(summary)?.groups ?? {};
  const failed = Number(counts["failed"] ?? 0);
  return {
    passed: Number(counts["passed"] ?? 0),
    failed: success ? failed : Math.max(1, failed),
    skipped: Number(ignored["tests"] ?? 0) + Number(ignored["steps"] ?? 0),
    skippedTests: lines.filter((line) => line.includes(" ... ignored ")),
  };
}

/** Counts of several calls in one line: "12 passed, 0 failed", and where there are any, skipped. */
export function sumOfOutcomes(outcomes: readonly TestOutcome[]): string {
  const [passed, failed, skipped] = (["passed", "failed", "skipped"] as const)
    .map((kind) => outcomes.reduce((sum, outcome) => sum + outcome[kind], 0));
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}
