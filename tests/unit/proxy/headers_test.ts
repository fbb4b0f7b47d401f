import assert from "node:assert/strict";
import fc from "fast-check";
import { FRONT_END_HEADERS } from "../../../src/config/schema/front_end_headers.ts";
import { requestHeaderFilter, responseWith } from "../../../src/proxy/headers.ts";

const filter = requestHeaderFilter(FRONT_END_HEADERS);
const HOP_BY_HOP: [string, string][] = [
  ["connection", "keep-alive"],
  ["keep-alive", "timeout=5"],
  ["proxy-authorization", "Basic eA=="],
  ["proxy-connection", "keep-alive"],
  ["te", "trailers"],
  ["trailer", "x-checksum"],
  ["transfer-encoding", "chunked"],
  ["upgrade", "h2c"],
];
const KEPT: [string, string][] = [
  ["anthropic-beta", "a, b"],
  ["content-length", "5"],
  ["openai-organization", "org"],
  ["user-agent", "claude-cli/2"],
  ["x-a-name-that-does-not-exist-yet", ""],
  ["x-stainless-lang", "js"],
  ["xx-ms-y", "1"],
];
const IDENTITY: [string, string] = ["accept-encoding", "identity"];

/** What the client gets of a response's headers. */
function forClient(headers: Headers): [string, string][] {
  return [...responseWith(null, { status: 200, headers }).headers];
}

Deno.test("hop-by-hop fields cross in neither direction, everything else does", () => {
  const headers = new Headers([...HOP_BY_HOP, ...KEPT]);
  assert.deepEqual(filter(headers), [...KEPT, IDENTITY]);
  assert.deepEqual(forClient(headers), KEPT);
});

Deno.test("names that Connection lists are hop-by-hop, in any case and spacing", () => {
  const headers = new Headers([["connection", "close,X-Hop ,\tx-other"], ["x-hop", "1"], [
    "x-other",
    "2",
  ], ["x-kept", "3"]]);
  assert.deepEqual(filter(headers), [["x-kept", "3"], IDENTITY]);
  assert.deepEqual(forClient(headers), [["x-kept", "3"]]);
});

Deno.test("no credential and no Host of the client's crosses to the upstream", () => {
  const headers = new Headers({
    "x-api-key": "k",
    "api-key": "k",
    authorization: "Bearer k",
    host: "h",
  });
  assert.deepEqual(filter(headers), [IDENTITY]);
});

Deno.test("an entry is a whole name, or with - or * at its end the beginning of names", () => {
  const filter = requestHeaderFilter(["x-whole", "x-begin-", "y*", "x-begun*"]);
  const dropped = ["x-whole", "x-begin-a", "y", "ya", "x-begun", "x-begun-a", "x-begunnen"];
  const kept = ["x-begin", "x-whol", "x-whole-", "x-whole-a", "x-y", "xx-begin-a"];
  const headers = new Headers([...dropped, ...kept].map((name) => [name, "1"]));
  assert.deepEqual(filter(headers), [...kept.map((name) => [name, "1"]), IDENTITY]);
});

Deno.test("what a hosting ingress adds is stripped from requests, and kept in responses", () => {
  const added: [string, string][] = [
    ["x-envoy-attempt-count", "1"],
    ["x-forwarded-for", "10.0.0.1"],
    ["x-k8se-app-name", "a"],
    ["x-ms-client-principal", "p"],
  ];
  assert.deepEqual(filter(new Headers(added)), [IDENTITY]);
  assert.deepEqual(forClient(new Headers(added)), added);
  assert.deepEqual(requestHeaderFilter([])(new Headers(added)), [...added, IDENTITY]);
});

Deno.test("Accept-Encoding goes out with identity in a line of its own, in front", () => {
  const cases: [requested: string | undefined, sent: string[]][] = [
    [undefined, ["identity"]],
    ["identity", ["identity"]],
    ["gzip, br", ["identity", "gzip, br"]],
    ["identity;q=0, *", ["identity", "identity;q=0, *"]],
  ];
  for (const [requested, sent] of cases) {
    const headers = new Headers(requested === undefined ? [] : [["accept-encoding", requested]]);
    assert.deepEqual(filter(headers), sent.map((value) => ["accept-encoding", value]));
  }
});

Deno.test("several Set-Cookie lines stay several", () => {
  const cookies: [string, string][] = [["set-cookie", "a=1"], ["set-cookie", "b=2"]];
  assert.deepEqual(forClient(new Headers(cookies)), cookies);
});

Deno.test("any header list comes out as the input less what is documented", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,12}$/);
  const value = fc.stringMatching(/^[!-~]{0,20}$/);
  const dropped = /^(connection|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-.*)$/;
  fc.assert(fc.property(fc.array(fc.tuple(name, value)), (lines) => {
    const headers = new Headers(lines.filter(([name]) => name !== "connection"));
    assert.deepEqual(
      forClient(headers),
      [...headers].filter(([name]) => !dropped.test(name)),
    );
  }));
});
