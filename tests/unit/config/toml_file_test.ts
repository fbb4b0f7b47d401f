import assert from "node:assert/strict";
import { failure, load, onlyComplaint } from "./loading.ts";

Deno.test("a syntax error has file, line, column and reason, and no text of the file", async () => {
  const cases = [
    [
      'port = 1\nclient_api_key = "SECRET\n',
      "config.toml:2:25: not valid TOML: expected the quote that closes the text before the line ends",
    ],
    [
      "client_api_key = 'SECRET\r\n",
      /^config\.toml:1:25: .*expected the quote that closes the text/,
    ],
    ["client_api_key = 'SEC\x01RET'", /^config\.toml:1:22: .*control characters are not allowed/],
    [
      "client_api_key = SECRET",
      'config.toml:1:18: not valid TOML: expected a value: text in "quotes", a number, true, false, ' +
      "a list or a table",
    ],
    ["port =\n", /^config\.toml:1:7: not valid TOML: expected a value: /],
    ['port = 1\nbind_address = """\nSECRET\n\n', /^config\.toml:2:16: .*unfinished string$/],
    ["SECRET", /^config\.toml:1:\d+: not valid TOML: incomplete key-value/],
    ["port = 01", "config.toml:1:8: not valid TOML: illegal leading zero"],
    ["[upstream_auth\ntype = 1", /^config\.toml:1:\d+: not valid TOML: /],
    ['a = "\\SECRET"', /^config\.toml:1:\d+: not valid TOML: unrecognised escape/],
    ["port = 99999999999999999999", /^config\.toml:1:8: not valid TOML: integer value/],
  ] as const;
  for (const [toml, expected] of cases) {
    const complaint = await onlyComplaint({ toml });
    if (typeof expected === "string") assert.equal(complaint, expected);
    else assert.match(complaint, expected);
    assert.doesNotMatch(complaint, /SECRET|\n/);
  }
});

Deno.test("a key or a table given twice is reported with the line of the second", async () => {
  const cases = ["port = 1\n\nport = 2", "[logging]\n\n[logging]", "port = 1\n\n[port]"];
  for (const toml of cases) {
    const complaint = await onlyComplaint({ toml });
    assert.match(complaint, /^config\.toml:3:\d+: this key or table is given twice$/);
  }
});

Deno.test("with a file that cannot be parsed, wrong flags are reported and missing settings not", async () => {
  const { complaints } = await failure({ toml: "=", env: {}, flags: { port: "x" } });
  assert.equal(complaints.length, 2);
  assert.match(complaints[0] ?? "", /^config\.toml:1:1: not valid TOML/);
  assert.match(complaints[1] ?? "", /^--port: /);
});

Deno.test("a file that is not UTF-8 is a complaint", async () => {
  const bytes = Uint8Array.of(0x61, 0xff);
  assert.equal(
    await onlyComplaint({ files: { "/srv/config.toml": { bytes } } }),
    "config.toml: expected UTF-8 text, which TOML requires",
  );
});

Deno.test("a byte order mark is no complaint", async () => {
  assert.equal((await load({ toml: "\uFEFFport = 5" })).settings.port, 5);
});

Deno.test("unknown keys are reported with line and nearest name, and without their value", async () => {
  const cases = [
    ["\nprot = 1", "config.toml:2: unknown key prot; did you mean port?"],
    ["bind-address = 'x'", "config.toml:1: unknown key bind-address; did you mean bind_address?"],
    ["zzz = 'SECRET'", "config.toml:1: unknown key zzz"],
    ["'a b' = 'SECRET'", 'config.toml:1: unknown key "a b"'],
    ["__proto__ = 'SECRET'", "config.toml:1: unknown key __proto__"],
    ["[loging]\nlevel = 'x'", "config.toml:1: unknown key loging; did you mean logging?"],
    [
      "[logging]\nlevle = 'x'",
      "config.toml:2: unknown key levle in [logging]; did you mean level?",
    ],
    ["logging.levle = 'x'", "config.toml:1: unknown key levle in [logging]; did you mean level?"],
    [
      "api_key = 'SECRET'",
      "config.toml:1: unknown key api_key; did you mean api_key under [upstream_auth]?",
    ],
    [
      "[logging]\n\nport = 1",
      "config.toml:3: unknown key port in [logging]; did you mean port above the first [table]?",
    ],
    ["logging = 'SECRET'", "config.toml:1: logging: expected a table, such as [logging]"],
    ["[[logging]]\nlevel = 'x'", "config.toml:1: logging: expected a table, such as [logging]"],
  ] as const;
  for (const [toml, expected] of cases) assert.equal(await onlyComplaint({ toml }), expected);
});
