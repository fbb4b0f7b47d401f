import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The numbers of the wire checklist: what a byte-exact reverse proxy must show. */
const CHECKLIST = numbersOfChecklist();

/** The numbers a test's name begins with, where it is given as a literal. */
const NUMBERED_NAME = /(?:Deno\.test\(|\bname:)\s*["'`]((?:\d+b? )+)/g;

function numbersOfChecklist(): string[] {
  const page = Deno.readTextFileSync(join(ROOT, "tests/wire/CHECKLIST.md"));
  return [...page.matchAll(/^- \*\*(\d+b?)\*\* /gm)].map(([, number = ""]) => number);
}

async function testedNumbers(): Promise<Set<string>> {
  const tested = new Set<string>();
  for (const directory of ["tests/wire", "tests/integration"]) {
    for await (const { name } of Deno.readDir(join(ROOT, directory))) {
      if (!name.endsWith("_test.ts")) continue;
      const source = await Deno.readTextFile(join(ROOT, directory, name));
      for (const [, numbers = ""] of source.matchAll(NUMBERED_NAME)) {
        for (const number of numbers.trim().split(" ")) tested.add(number);
      }
    }
  }
  return tested;
}

/** The last cells of the table in "What crosses unchanged", `1–3, 17b` being four numbers. */
async function citedNumbers(): Promise<string[]> {
  const readme = await Deno.readTextFile(join(ROOT, "README.md"));
  const section = /## What crosses unchanged.*?(?=\n#)/s.exec(readme)?.[0] ?? "";
  const cells = [...section.matchAll(/\|\s*([0-9b–, ]+?)\s*\|$/gm)].map(([, cell = ""]) => cell);
  return cells.flatMap((cell) => cell.split(", ").flatMap(numbersOf));
}

function numbersOf(range: string): string[] {
  const [first = "", last] = range.split("–");
  if (last === undefined) return [first];
  const start = Number(first);
  return Array.from({ length: Number(last) - start + 1 }, (_, index) => String(start + index));
}

Deno.test("the wire checklist numbers its texts from 1 to 84, with 17b", () => {
  const numbers = Array.from({ length: 84 }, (_, index) => String(index + 1));
  assert.deepEqual(CHECKLIST, numbers.toSpliced(17, 0, "17b"));
});

Deno.test("every number of the wire checklist has a test whose name begins with it", async () => {
  const tested = await testedNumbers();
  assert.deepEqual(CHECKLIST.filter((number) => !tested.has(number)), []);
});

Deno.test("every number that the README cites has a test, and every one is cited", async () => {
  const cited = await citedNumbers();
  const tested = await testedNumbers();
  assert.deepEqual(cited.filter((number) => !tested.has(number)), []);
  assert.deepEqual(CHECKLIST.filter((number) => !cited.includes(number)), []);
});
