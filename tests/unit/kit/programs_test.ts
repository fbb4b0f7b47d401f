import assert from "node:assert/strict";
import { findProgram, type NeededProgram, programTest } from "../../kit/process/programs.ts";

const MISSING = { program: "no-such-program-here", install: "apt-get install it" };

Deno.test("a program is found on PATH, and one that isn't there is not", () => {
  assert.match(findProgram("sh") ?? "", /\/sh$/);
  assert.equal(findProgram(MISSING.program), undefined);
  assert.equal(findProgram("sh", "/nonexistent:"), undefined);
});

Deno.test("a file that cannot be executed is no program", () => {
  assert.equal(findProgram("passwd", "/etc"), undefined);
});

Deno.test("a test whose program is missing is ignored and says how to get it", () => {
  const { name, ignore } = register([{ program: "sh", install: "-" }, MISSING]);
  assert.equal(ignore, true);
  assert.equal(name, "a (skipped: needs no-such-program-here, apt-get install it)");
});

Deno.test("a test whose programs are there runs under its own name", () => {
  const { name, ignore } = register([{ program: "sh", install: "-" }]);
  assert.deepEqual([name, ignore], ["a", false]);
});

function register(needs: NeededProgram[]): Deno.TestDefinition {
  const registered: Deno.TestDefinition[] = [];
  programTest({ name: "a", needs, fn: () => {} }, (definition) => registered.push(definition));
  const [definition] = registered;
  assert.ok(definition);
  return definition;
}
