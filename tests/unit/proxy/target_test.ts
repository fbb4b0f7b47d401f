import assert from "node:assert/strict";
import fc from "fast-check";
import { isExactTarget, pathOf, requestTarget, targetFault } from "../../../src/proxy/target.ts";

/** As `upstream_url` is normalised, with and without a path of its own. */
const BASES = ["https://upstream.example/base", "http://[::1]:8080", "https://h.example/a%20b/c"];

/** Whether the parser behind `fetch` leaves every byte of a target behind a base as it is. */
function staysWhole(base: string, target: string): boolean {
  return !target.includes("#") && URL.parse(base + target)?.href === base + target;
}

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

Deno.test("what the URL parser would change is not exact", () => {
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
  ) assert.equal(isExactTarget(target), false, target);
});

const FAULTS: [target: string, fault: string][] = [
  ["/a/../b", '".." at position 4'],
  ["/a/%2E/b?c", '"%2E" at position 4'],
  ["/..", '".." at position 2'],
  ["/a\\b", '"\\" (0x5C) at position 3'],
  ["/a#b", '"#" (0x23) at position 3'],
  ['/v1/messages?q="', '""" (0x22) at position 16'],
  ["/a b", "0x20 at position 3"],
  ["/a\tb", "0x09 at position 3"],
  ["/caf\u00e9", "U+00E9 at position 5"],
];

for (const [target, fault] of FAULTS) {
  Deno.test(`what would change in ${JSON.stringify(target)} is ${fault}`, () => {
    assert.equal(isExactTarget(target), false);
    assert.equal(targetFault(target), fault);
  });
}

Deno.test("of every target that is not exact something is named that stands there", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (rest) => {
    const target = `/${rest}`;
    if (isExactTarget(target)) return;
    const [, position] = /at position ([0-9]+)$/.exec(targetFault(target)) ?? [];
    assert.ok(Number(position) >= 1 && Number(position) <= target.length, targetFault(target));
  }));
});

Deno.test("what the URL parser keeps is exact", () => {
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
  ) assert.equal(isExactTarget(target), true, target);
});

Deno.test("an exact target keeps its bytes and stays below every base, and no other does", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (rest) => {
    const target = `/${rest}`;
    for (const base of BASES) {
      assert.equal(isExactTarget(target), staysWhole(base, target), base);
      if (!isExactTarget(target)) continue;
      assert.ok(
        new URL(base + target).pathname.startsWith(`${new URL(base).pathname}/`.replace("//", "/")),
      );
    }
  }));
});

Deno.test("the path leaves the query out", () => {
  assert.equal(pathOf("/a/b?key=secret"), "/a/b");
  assert.equal(pathOf("/a/b"), "/a/b");
});
