import assert from "node:assert/strict";
import { sumOfOutcomes, testOutcome } from "../../kit/process/test_outcome.ts";

const OUTPUT = `running 3 tests from ./a_test.ts
./a_test.ts => one ... ok (1ms)
./a_test.ts => needs nginx, apt-get install nginx ... ignored (0ms)

ok | 12 passed (3 steps) | 0 failed | 1 ignored (5s)
`;

Deno.test("what the runner counted is read from its last summary", () => {
  const printedByATest = "ok | 7 passed | 0 failed (1s)\n";
  assert.deepEqual(testOutcome(printedByATest + OUTPUT, true), {
    passed: 12,
    failed: 0,
    skipped: 1,
    skippedTests: ["./a_test.ts => needs nginx, apt-get install nginx ... ignored (0ms)"],
  });
  const failing = "FAILED | 3 passed (2 steps) | 2 failed (1 step) | 4 filtered out (90ms)\n";
  assert.deepEqual(
    testOutcome(failing, false),
    { passed: 3, failed: 2, skipped: 0, skippedTests: [] },
  );
});

Deno.test("steps that were not run are skipped too", () => {
  const steps = "ok | 9 passed (22 steps) | 0 failed | 0 ignored (7 steps) (1m)\n";
  assert.equal(testOutcome(steps, true).skipped, 7);
  const both = "ok | 9 passed (1 step) | 0 failed | 2 ignored (1 step) | 3 filtered out (1m)\n";
  assert.equal(testOutcome(both, true).skipped, 3);
});

Deno.test("a runner that ends without a summary, or badly in spite of it, counts as a failure", () => {
  assert.equal(testOutcome("error: Module not found\n", false).failed, 1);
  assert.equal(testOutcome(OUTPUT, false).failed, 1);
});

Deno.test("the counts of several calls are added up", () => {
  const one = testOutcome(OUTPUT, true);
  const other = testOutcome("ok | 2 passed | 0 failed (1s)\n", true);
  assert.equal(sumOfOutcomes([one, other]), "14 passed, 0 failed, 1 skipped");
  assert.equal(sumOfOutcomes([other, other]), "4 passed, 0 failed");
  assert.equal(sumOfOutcomes([other, testOutcome("", false)]), "2 passed, 1 failed");
});
