import assert from "node:assert/strict";
import { functionLengths } from "../../kit/source/function_lengths.ts";
import { readImportTable, roomOf } from "../../kit/source/import_table.ts";
import { findCycle, moduleGraph } from "../../kit/source/module_graph.ts";

Deno.test("the graph of our modules has imports of values, of types, and dynamic ones", async () => {
  const graph = await moduleGraph("main.ts");
  const expected: [from: string, to: string][] = [
    ["main.ts", "src/cli/main.ts"],
    ["src/cli/commands.ts", "src/config/load/load.ts"], // Of a type.
    ["src/cli/commands.ts", "src/cli/check/check.ts"], // Dynamic.
  ];
  for (const [from, to] of expected) assert.ok(graph.get(from)?.includes(to), `${from} to ${to}`);
  assert.ok([...graph.keys()].every((path) => !path.includes(":")), "nobody else's modules");
});

Deno.test("a cycle is found wherever it hangs, and none where there is none", () => {
  const graphOf = (imports: Record<string, string[]>) => new Map(Object.entries(imports));
  assert.equal(findCycle(graphOf({ a: ["b", "c"], b: ["c"], c: [] })), undefined);
  const cyclic = graphOf({ a: ["b"], b: ["c", "d"], c: [], d: ["b"] });
  assert.deepEqual(findCycle(cyclic), ["b", "d", "b"]);
  assert.deepEqual(findCycle(graphOf({ a: ["a"] })), ["a", "a"]);
});

Deno.test("the table of imports is read row by row, and the innermost room counts", () => {
  const table = readImportTable(
    "| room | may import |\n| --- | --- |\n| `a` | |\n| `a/b`  | `a`  |\n| `c` | everything above |\n",
  );
  assert.deepEqual([...table], [["a", []], ["a/b", ["a"]], ["c", ["a", "a/b"]]]);
  assert.equal(roomOf("src/a/x.ts", table), "a");
  assert.equal(roomOf("src/a/b/x.ts", table), "a/b");
  assert.equal(roomOf("src/d/x.ts", table), undefined);
});

Deno.test("functions, methods and accessors are measured, arrows within them are not", () => {
  const source = [
    "export function one() {",
    "  return () => 1;",
    "}",
    "class A {",
    "  get two() {",
    "    return 2;",
    "  }",
    "}",
  ].join("\n");
  assert.deepEqual(functionLengths("x.ts", source), [
    { place: "x.ts:1", lines: 3 },
    { place: "x.ts:5", lines: 3 },
  ]);
});
