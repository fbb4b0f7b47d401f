import assert from "node:assert/strict";
import fc from "fast-check";
import { parse, stringify } from "smol-toml";
import { locateKeys } from "../../../src/config/load/toml_lines.ts";

const DOCUMENT = String.raw`# a comment with a = 1
top = 1
"quoted key" = 2 ; 'lit.eral' = 3
`.replace(" ; ", "\n") + String.raw`dotted . inner."x.y" = "# no comment"
text = """
fake = 1
[fake]
\""" still in
"""""
after_text = '''
fake = 2
'' ''' # end
after_literal = ''
"\u0061bc" = true

[table] # comment
key = [
  1, # one ]
  [ "two", '}' ],
  { deep = { er = 3 }, more = 4 },
]
last = { a = "=", b.c = [ ] }

[table.sub]
key = 1979-05-27T07:32:00Z
[[list]]
name = "first"
[list.inner]
x = 1
[[list]]
name = "second"
`;

Deno.test("every key is found on the line where it first stands", () => {
  parse(DOCUMENT);
  const { lineOf } = locateKeys(DOCUMENT);
  const cases: [(string | number)[], number | undefined][] = [
    [["top"], 2],
    [["quoted key"], 3],
    [["lit.eral"], 4],
    [["dotted"], 5],
    [["dotted", "inner", "x.y"], 5],
    [["text"], 6],
    [["fake"], undefined],
    [["after_text"], 11],
    [["after_literal"], 14],
    [["abc"], 15],
    [["table"], 17],
    [["table", "key"], 18],
    [["table", "key", 0], 19],
    [["table", "key", 1], 20],
    [["table", "key", 1, 1], 20],
    [["table", "key", 2, "deep", "er"], 21],
    [["table", "key", 2, "more"], 21],
    [["table", "last", "b", "c"], 23],
    [["table", "sub", "key"], 26],
    [["list"], 27],
    [["list", 0, "name"], 28],
    [["list", 0, "inner", "x"], 30],
    [["list", 1], 31],
    [["list", 1, "name"], 32],
  ];
  for (const [path, line] of cases) assert.equal(lineOf(path), line, path.join("."));
});

Deno.test("lines end in CR LF too", () => {
  assert.equal(locateKeys("a = 1\r\n\r\nb = 2\r\n").lineOf(["b"]), 3);
});

Deno.test("every key of any document that is written out is found", () => {
  fc.assert(
    fc.property(table(), (document) => {
      const { lineOf } = locateKeys(stringify(document));
      for (const path of pathsOf(parse(stringify(document)))) {
        assert.notEqual(lineOf(path), undefined, JSON.stringify(path));
      }
    }),
    { numRuns: 200 },
  );
});

function table(): fc.Arbitrary<Record<string, unknown>> {
  const key = fc.string({ maxLength: 4 });
  const text = fc.string({ unit: fc.constantFrom('"', "'", "\\", "#", "\n", "=", "[", "}", "a") });
  return fc.letrec<{ table: Record<string, unknown>; value: unknown }>((tie) => ({
    table: fc.dictionary(key, tie("value"), { maxKeys: 4 }),
    value: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.integer(),
      fc.boolean(),
      tie("table"),
      fc.array(tie("table"), { maxLength: 2 }),
      fc.array(text, { maxLength: 3 }),
    ),
  })).table;
}

function pathsOf(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [path];
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  const here = path.length === 0 ? [] : [path];
  return [...here, ...entries.flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}
