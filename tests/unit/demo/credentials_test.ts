import assert from "node:assert/strict";
import { carriesOnly, credentialsIn, masked } from "../../../tools/demo/credentials.ts";

Deno.test("a key is found in each header that clients use", () => {
  const headers = new Headers({
    "x-api-key": "one",
    "api-key": "two",
    authorization: "bearer three",
    "x-other": "four",
  });
  assert.deepEqual(credentialsIn(headers), [
    { header: "x-api-key", key: "one" },
    { header: "api-key", key: "two" },
    { header: "authorization", key: "three" },
  ]);
});

Deno.test("a request with no key, or a second one, does not carry only the right key", () => {
  assert.ok(carriesOnly(new Headers({ "x-api-key": "right" }), "right"));
  assert.ok(!carriesOnly(new Headers(), "right"));
  assert.ok(!carriesOnly(new Headers({ "x-api-key": "right", authorization: "wrong" }), "right"));
});

Deno.test("a masked key hides what makes it secret", () => {
  assert.equal(masked("demo-upstream-key"), "demo-u…");
});
