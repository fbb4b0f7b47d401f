import assert from "node:assert/strict";
import * as fc from "fast-check";
import { redactHeaders, secretScrubber } from "../../../src/logging/redaction.ts";

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

Deno.test("text without secrets is left alone, and short secrets would eat words", () => {
  const scrub = secretScrubber(["a", "key", SECRET]);
  assert.equal(scrub("a key to nothing"), "a key to nothing");
  assert.equal(secretScrubber([])("all"), "all");
});
