import assert from "node:assert/strict";
import { load, onlyComplaint, REQUIRED } from "./loading.ts";

const VARIABLE = "CLAUDE_PROXY__CLIENT_API_KEY";

Deno.test("client_api_key is one key or a list, in the file, a variable or a flag", async () => {
  const { [VARIABLE]: _, ...env } = REQUIRED;
  const keysOf = async (world: Parameters<typeof load>[0]) =>
    (await load({ env, ...world })).settings.client_api_key;
  assert.deepEqual(await keysOf({ toml: 'client_api_key = "a"' }), ["a"]);
  assert.deepEqual(await keysOf({ toml: 'client_api_key = ["a", "b,c"]' }), ["a", "b,c"]);
  assert.deepEqual(await keysOf({ env: { ...env, [VARIABLE]: '["a", "b"]' } }), ["a", "b"]);
  assert.deepEqual(
    await keysOf({ flags: { client_api_key: "a,b" } }),
    ["a,b"],
    "a comma is a key's",
  );
  assert.deepEqual(await keysOf({ flags: { client_api_key: "[a" } }), ["[a"]);
  const variables = { ...env, OLD: "a", NEW: "b" };
  const toml = 'client_api_key = ["${OLD}", "${NEW}"]';
  assert.deepEqual(await keysOf({ toml, env: variables }), ["a", "b"]);
});

Deno.test("a list of client keys may be neither empty nor hold an empty key", async () => {
  const { [VARIABLE]: _, ...env } = REQUIRED;
  const cases = [
    ["[]", "expected one, or a list with at least one, got an empty list"],
    ['["a", ""]', "item 2 of the list: expected a key, but it is empty: that protects nothing"],
    ['["a", 1]', "item 2 of the list: expected a string"],
    ["1", "expected a string, got a number"],
  ];
  for (const [list, message] of cases) {
    const complaint = await onlyComplaint({ toml: `client_api_key = ${list}`, env });
    assert.equal(complaint, `config.toml:1: client_api_key: ${message}`);
  }
});
