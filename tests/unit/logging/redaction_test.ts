import assert from "node:assert/strict";
import * as fc from "fast-check";
import { cut, redactHeaders, secretScrubber } from "../../../src/logging/redaction.ts";

const SECRET = "sEcret-0123456789";

Deno.test("headers that carry credentials show none of them, whatever their scheme", () => {
  const lines: [string, string][] = [
    ["authorization", `Bearer ${SECRET}`],
    ["authorization", `bEaReR   ${SECRET}`],
    ["authorization", `Basic ${btoa(`user:${SECRET}`)}`],
    ["authorization", SECRET],
    ["authorization", `, ${SECRET}`],
    ["x-api-key", SECRET],
    ["api-key", SECRET],
    ["proxy-authorization", `Digest response="${SECRET}"`],
    ["cookie", `session=${SECRET}`],
    ["set-cookie", `session=${SECRET}; HttpOnly`],
    ["ocp-apim-subscription-key", SECRET],
    ["x-goog-api-key", SECRET],
    ["x-amz-security-token", SECRET],
    ["x-ms-client-secret", SECRET],
    ["x-custom", `see Bearer ${SECRET}`],
    ["x-custom", `sk-${SECRET}`],
    ["location", `https://elsewhere.example/path?key=${SECRET}`],
    ["referer", `http://localhost/?api-key=${SECRET}&b`],
    ["link", `</next?token=${SECRET}>; rel="next"`],
    ["cf-access-jwt-assertion", SECRET],
    ["x-goog-iap-jwt-assertion", SECRET],
    ["x-amzn-oidc-data", SECRET],
    ["x-ms-client-principal", SECRET],
    ["x-ms-token-aad-id-token", SECRET],
    ["referer", `https://user:${SECRET}@elsewhere.example/`],
    ["x-custom", `eyJhbGciOiJSUzI1NiJ9.${SECRET}.c2ln`],
  ];
  for (const line of lines) {
    const shown = JSON.stringify(redactHeaders([line]));
    assert.ok(!shown.includes(SECRET) && !shown.includes(btoa(SECRET).slice(0, 12)), shown);
    assert.match(shown, /redacted/);
  }
});

Deno.test("headers that say how the API fares are shown", () => {
  const harmless: [string, string][] = [
    ["anthropic-ratelimit-input-tokens-remaining", "9000"],
    ["x-ratelimit-remaining-tokens", "150"],
    ["anthropic-version", "2023-06-01"],
    ["content-type", "text/event-stream; charset=utf-8"],
    ["x-claude-code-session-id", "a1b2"],
    ["request-id", "req_011CSHoEeqs5C35K2UUqR7Fy"],
  ];
  assert.deepEqual(redactHeaders(harmless), Object.fromEntries(harmless));
});

Deno.test("a known secret leaves a line as it is, escaped, and in base64 at any alignment", () => {
  const secret = fc.string({ minLength: 6, unit: fc.constantFrom(...'aB3_-"\\/ +=$.é') })
    .filter((text) => text.trim() === text && new Set(text).size > 2);
  const around = fc.string({ maxLength: 9 });
  fc.assert(fc.property(secret, around, around, (secret, before, after) => {
    const scrub = secretScrubber([secret]);
    const encoded = new TextEncoder().encode(before + secret + after).toBase64();
    for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]) {
      const line = scrub(`x ${form} y`);
      assert.ok(!line.includes(form), `${line} still holds ${form}`);
    }
    assert.match(scrub(encoded), /\[redacted\]/);
  }));
});

/** One of each vendor, put together here so that no scanner of repositories takes them for real. */
const TOKENS = [
  "eyJ" + "hbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
  "eyJ" + "hbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aXY.Y2lwaGVy.dGFn", // without an encrypted key
  "ghp" + "_0123456789abcdefghijABCDEFGHIJ012345",
  "github" + "_pat_0123456789abcdefghijABCDEFGHIJ",
  "glpat" + "-0123456789abcdefghij",
  "xoxb" + "-0123456789-abcdefghij",
  "AKIA" + "0123456789ABCDEF",
  "AIza" + "0123456789abcdefghijABCDEFGHIJ01234",
  "sk" + "-ant-api03-0123456789abcdef",
  "sk" + "-0123456789abcdefghijABCDEFGHIJ",
  "cp" + "_0123456789abcdefghijABCDEFGHIJ0123456789abc",
];

Deno.test("what has the form of a token leaves any line, and any header", () => {
  const scrub = secretScrubber([]);
  for (const token of TOKENS) {
    const line = scrub(`msg=request path=/v1/${token}/x detail="got ${token}"\n`);
    assert.equal(line, 'msg=request path=/v1/[redacted]/x detail="got [redacted]"\n', token);
    assert.deepEqual(redactHeaders([["x-custom", `a ${token} b`]]), {
      "x-custom": "a [redacted] b",
    });
  }
  assert.equal(scrub("via=http://user:pass@proxy:3128"), "via=http://[redacted]@proxy:3128");
});

Deno.test("text full of beginnings of tokens is gone through once", () => {
  for (const beginning of ["eyJaaaaa-", "eyJ-----", "eyJaaaaa.", "sk-", "://", "bearer ", "a@"]) {
    const text = beginning.repeat(60_000 / beginning.length);
    const began = performance.now();
    redactHeaders([["x-custom", text]]);
    secretScrubber(["a-secret"])(text);
    assert.ok(performance.now() - began < 500, beginning);
  }
  const scrub = secretScrubber([]);
  assert.equal(scrub("eyJaaaaa-eyJhbGciOiJI.e30.c2ln end"), "[redacted] end");
  assert.equal(scrub(`eyJhbGciOiJI.a-sk-${"x".repeat(20)}.c2ln end`), "[redacted] end");
  assert.equal(scrub("eyJhbGciOiJI.eyJhbGciOiJI end"), "eyJhbGciOiJI.eyJhbGciOiJI end");
});

Deno.test("ids, versions and paths that resemble tokens stay", () => {
  const line = "id=3f2b8a4e-1b5e-4a57-9d2e-2b6b3c1d9f10 upstream_id=req_011CSHoEeqs5C35K2UUqR7Fy " +
    "user_agent=claude-cli/2.0.1 path=/v1/models/task-sk-model model=gpt-5-mini " +
    "upstream=https://my.services.ai.azure.com/a@b\n";
  assert.equal(secretScrubber([])(line), line);
});

Deno.test("a header may have the name of a property that every object has", () => {
  const headers: [string, string][] = [["constructor", "a"], ["__proto__", "b"], [
    "constructor",
    "c",
  ]];
  assert.deepEqual(Object.entries(redactHeaders(headers)), [
    ["constructor", "a, c"],
    ["__proto__", "b"],
  ]);
});

Deno.test("long text is cut at 1 KiB, and the rest counted", () => {
  assert.equal(cut("x".repeat(1024)), "x".repeat(1024));
  assert.equal(cut("x".repeat(60_000)), `${"x".repeat(1024)}… (58976 more)`);
  const [[name = "", value = ""] = []] = Object.entries(
    redactHeaders([["n".repeat(5_000), "v".repeat(5_000)]]),
  );
  assert.deepEqual([name.length, value.length], [1024 + 13, 1024 + 13]);
});

Deno.test("text without secrets is left alone, and short secrets would eat words", () => {
  const scrub = secretScrubber(["a", "key", SECRET]);
  assert.equal(scrub("a key to nothing"), "a key to nothing");
  assert.equal(secretScrubber([])("all"), "all");
});
