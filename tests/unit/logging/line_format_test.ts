import assert from "node:assert/strict";
import { lineFormatter } from "../../../src/logging/line_format.ts";
import type { LogRecord } from "../../../src/logging/logger.ts";

const RECORD: LogRecord = {
  logger: "claude-proxy.access",
  level: "info",
  time: Date.parse("2026-01-31T09:26:53.589Z"),
  message: "request",
  fields: { method: "POST", path: '/a\n\u001b[31m"b', status: 200 },
};

Deno.test("json is one object a line with stable keys and an RFC 3339 time in UTC", () => {
  const line = lineFormatter("json")(RECORD);
  assertOneLine(line);
  const entry = JSON.parse(line);
  assert.deepEqual(Object.keys(entry), [
    "time",
    "level",
    "logger",
    "msg",
    "method",
    "path",
    "status",
  ]);
  assert.deepEqual(entry, {
    time: "2026-01-31T09:26:53.589Z",
    level: "info",
    logger: "claude-proxy.access",
    msg: "request",
    method: "POST",
    path: '/a\n\u001b[31m"b',
    status: 200,
  });
});

Deno.test("text is logfmt with the same keys, one line whatever a path holds", () => {
  const line = lineFormatter("text")(RECORD);
  assert.match(
    line,
    /^time=2026-01-31T09:26:53.589Z level=info logger=claude-proxy.access msg=request method=POST path=/,
  );
  assertOneLine(line);
});

/** Nothing that a terminal would act upon, and one line end. */
function assertOneLine(line: string): void {
  assert.ok(line.endsWith("\n"));
  const controls = [...line.slice(0, -1)].filter((character) => character < " ");
  assert.deepEqual(controls, []);
}

Deno.test("text quotes what would not read back, and shows objects as JSON", () => {
  const cases: [unknown, string][] = [
    ["bare/value.1", "bare/value.1"],
    ["", '""'],
    ["two words", '"two words"'],
    ['a"b', '"a\\"b"'],
    ["a=b", '"a=b"'],
    ["\u009b31m\u2028", '"\\u009b31m\\u2028"'],
    [12, "12"],
    [true, "true"],
    [null, "null"],
    [{ a: "b c" }, '"{\\"a\\":\\"b c\\"}"'],
  ];
  for (const [value, text] of cases) {
    const line = lineFormatter("text")({ ...RECORD, fields: { value } });
    assert.ok(line.endsWith(` value=${text}\n`), line);
  }
});

for (const format of ["text", "json"] as const) {
  Deno.test(`in ${format}, what is undefined is left out`, () => {
    const fields = { id: 1, detail: undefined };
    const line = lineFormatter(format)({ ...RECORD, fields });
    assert.match(line, /id"?[=:]1/);
    assert.doesNotMatch(line, /detail/);
  });
}
