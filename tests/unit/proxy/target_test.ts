import assert from "node:assert/strict";
import fc from "fast-check";
import { joinTarget, pathOf, requestTarget } from "../../../src/proxy/target.ts";

const BASE = "https://upstream.example/base";

Deno.test("the target is what follows a plain authority, byte for byte", () => {
  for (
    const host of ["h", "h:80", "a-b.c_d~e:65535", "127.0.0.1:8080", "[::1]:8080", "[fe80::1]"]
  ) {
    for (const target of ["/", "/a?b", "/a?", "//x", "/%2F;&&=?", "/@:80/?//", "/a#b"]) {
      assert.equal(requestTarget(`http://${host}${target}`, host), target);
      assert.equal(requestTarget(`https://${host}${target}`, null), target);
    }
  }
});

Deno.test("a Host that would rewrite req.url has no target", () => {
  for (const host of ["x/../admin?", "evil:1/pre", "h#f", "a@b", "h?", "h\\", "h h", "[::1", "é"]) {
    assert.equal(requestTarget(`http://${host}/v1/messages`, host), undefined, host);
  }
});

Deno.test("the authority of an absolute-form target is checked too", () => {
  assert.equal(requestTarget("http://user@other/p", "h"), undefined);
  assert.equal(requestTarget("http://other:9/p?q", "h"), "/p?q");
});

Deno.test("a target without a path has no target", () => {
  assert.equal(requestTarget("http://a:1", "h"), undefined);
});

Deno.test("what the URL parser would change is not joined", () => {
  for (
    const target of [
      "/a/../b",
      "/..",
      "/./a",
      "/%2e%2e/a",
      "/.%2E/a",
      "/a\\b",
      "/a#b",
      '/"',
      "/<",
      "/a b",
      "/`",
      "/{}",
      "/?'",
      '/?"',
      "/?<>",
      "/é",
      "/a\tb",
    ]
  ) assert.equal(joinTarget(BASE, target), undefined, target);
});

Deno.test("what the URL parser keeps is joined to the base", () => {
  for (
    const target of [
      "/",
      "/a?",
      "/a?b",
      "/%2F",
      "//a//",
      "/a;b",
      "/?a&&b=&c",
      "/%zz%00",
      "/'",
      "/...",
      "/a?../..",
    ]
  ) assert.equal(joinTarget(BASE, target), BASE + target, target);
});

Deno.test("any target that is joined keeps its bytes and stays below the base", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (rest) => {
    const url = joinTarget(BASE, `/${rest}`);
    if (url === undefined) return;
    assert.equal(url, `${BASE}/${rest}`);
    assert.ok(new URL(url).pathname.startsWith("/base/"));
  }));
});

Deno.test("the path leaves the query out", () => {
  assert.equal(pathOf("/a/b?key=secret"), "/a/b");
  assert.equal(pathOf("/a/b"), "/a/b");
});
