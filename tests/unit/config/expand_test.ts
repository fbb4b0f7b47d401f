import assert from "node:assert/strict";
import fc from "fast-check";
import type { VariableLookup } from "../../../src/permissions/variable.ts";
import { escapeDollars, expand } from "../../../src/config/load/expand.ts";

const lookup = (name: string): VariableLookup => (name === "A" ? { value: "$B" } : "unset");

Deno.test("references are put in once, and a $ without a name stays", () => {
  const cases = [
    ["$A", "$B"],
    ["x${A}y$A", "x$By$B"],
    ["$$A", "$A"],
    ["$$$A", "$$B"],
    ["$", "$"],
    ["a$ b$1 $-", "a$ b$1 $-"],
    ["$$", "$"],
    ["", ""],
  ] as const;
  for (const [text, expanded] of cases) {
    const { value, problems } = expand(text, lookup);
    assert.equal(value, expanded);
    assert.deepEqual(problems, []);
  }
});

Deno.test("everything that is wrong with a value is found, however deep", () => {
  const { problems } = expand({ a: ["$X", { b: "${Y} ${" }], c: 1, d: new Date(0) }, lookup);
  assert.deepEqual(problems, [
    { problem: "unset", name: "X", braced: false },
    { problem: "unset", name: "Y", braced: true },
    { problem: "unterminated" },
  ]);
});

Deno.test("text with its dollars escaped expands to itself", () => {
  fc.assert(fc.property(dollarText(), (text) => {
    const { value, problems } = expand(escapeDollars(text), () => "unset");
    assert.equal(value, text);
    assert.deepEqual(problems, []);
  }));
});

Deno.test("any text expands, and only what a reference names is replaced", () => {
  fc.assert(fc.property(dollarText(), (text) => {
    const { value, problems, changed } = expand(text, () => ({ value: "" }));
    assert.equal(typeof value, "string");
    if (!changed) assert.equal(value, text);
    assert.ok(
      problems.every(({ problem }) => problem === "unterminated" || problem === "bad-name"),
    );
  }));
});

function dollarText(): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom("$", "{", "}", "A", "b_1", " ", "é", "\n") });
}
