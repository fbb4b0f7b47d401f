import assert from "node:assert/strict";
import { failure, load, REQUIRED } from "./loading.ts";

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
  for (const list of ["[]", '["a", ""]', '["a", 1]']) {
    const { complaints } = await failure({ toml: `client_api_key = ${list}`, env: {} });
    assert.match(complaints.join("\n"), /client_api_key: .*expected/, list);
  }
});
