import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import deno from "../../deno.json" with { type: "json" };
import { functionLengths } from "../kit/source/function_lengths.ts";
import { readImportTable, roomOf } from "../kit/source/import_table.ts";
import { findCycle, moduleGraph } from "../kit/source/module_graph.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Where threads of the program begin: the command line and the hosted entry, and each worker. */
const ENTRIES = ["main.ts", ...deno.compile.include];
const REQUEST_WORKER = "src/worker/main.ts";
/** What holds a secret, a file or a program, and what only the supervisor needs. */
const NOT_IN_THE_WORKER = [
  "src/admin/",
  "src/cli/",
  "src/config/load/",
  "src/credentials/cache.ts",
  "src/credentials/providers/",
  "src/credentials/source.ts",
  "src/edge/",
  "src/logging/logging.ts",
  "src/supervisor/",
  "src/tls/acme/",
];

const LONGEST_FILE = 300;
const LONGEST_FUNCTION = 50;
const MEDIAN_FUNCTION = 8;

const table = readImportTable(Deno.readTextFileSync(join(ROOT, "docs/architecture.md")));
const graph = await moduleGraph(...ENTRIES);
const files = filesBelow("src");

function filesBelow(directory: string): string[] {
  return [...Deno.readDirSync(join(ROOT, directory))].flatMap(({ name, isDirectory }) => {
    const path = `${directory}/${name}`;
    return isDirectory ? filesBelow(path) : [path];
  });
}

function source(path: string): string {
  return Deno.readTextFileSync(join(ROOT, path));
}

/** Imports from one room into another that the table does not allow: `FILE imports FILE`. */
function forbiddenImports(): string[] {
  return [...graph].flatMap(([path, imports]) => {
    const room = roomOf(path, table);
    if (room === undefined) return [];
    const allowed = [room, ...table.get(room) ?? []];
    return imports
      .filter((imported) => imported.startsWith("src/"))
      .filter((imported) => !allowed.includes(roomOf(imported, table) ?? ""))
      .map((imported) => `${path} imports ${imported}`);
  });
}

Deno.test("every file of src/ stands in a room of docs/architecture.md, and every room has files", () => {
  assert.deepEqual(files.filter((path) => roomOf(path, table) === undefined), []);
  const rooms = new Set(files.map((path) => roomOf(path, table)));
  assert.deepEqual([...table.keys()].filter((room) => !rooms.has(room)), []);
});

Deno.test("a room of docs/architecture.md may import only rooms above it: no cycle of folders", () => {
  const rooms = [...table.keys()];
  for (const [room, allowed] of table) {
    const above = rooms.slice(0, rooms.indexOf(room));
    assert.deepEqual(allowed.filter((name) => !above.includes(name)), [], `the row of ${room}`);
  }
});

Deno.test("no file imports, types included, what docs/architecture.md does not allow its room", () => {
  assert.deepEqual(forbiddenImports(), []);
});

Deno.test("no file imports itself by way of others, types included", () => {
  assert.equal(findCycle(graph)?.join(" imports "), undefined);
});

Deno.test("a request worker loads nothing that holds secrets, files or programs, types included", async () => {
  const loaded = [...(await moduleGraph(REQUEST_WORKER)).keys()];
  const forbidden = loaded.filter((path) =>
    NOT_IN_THE_WORKER.some((place) => path.startsWith(place))
  );
  assert.deepEqual(forbidden, []);
});

Deno.test("every file of src/ is loaded by main.ts or by a worker", () => {
  const loaded = new Set([...graph.keys(), ...[...graph.values()].flat()]);
  assert.deepEqual(files.filter((path) => !loaded.has(path)), []);
});

Deno.test(`no TypeScript file of src/ has more than ${LONGEST_FILE} lines`, () => {
  const code = files.filter((path) => path.endsWith(".ts"));
  assert.deepEqual(code.filter((path) => source(path).split("\n").length - 1 > LONGEST_FILE), []);
});

Deno.test(`functions of src/ have ${LONGEST_FUNCTION} lines at most, half of them ${MEDIAN_FUNCTION}`, () => {
  const code = files.filter((path) => path.endsWith(".ts"));
  const functions = code.flatMap((path) => functionLengths(path, source(path)));
  assert.deepEqual(functions.filter(({ lines }) => lines > LONGEST_FUNCTION), []);
  const lengths = functions.map(({ lines }) => lines).sort((a, b) => a - b);
  assert.ok(lengths[Math.floor(lengths.length / 2)]! <= MEDIAN_FUNCTION);
});
