import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { digestKey, identifyClient } from "../../../src/clients/identify.ts";

const KEYS = [digestKey("right"), digestKey("also-right")];

const CASES: [name: string, headers: [string, string][], verdict: string, presentedIn: string[]][] =
  [
    ["nothing", [], "anonymous", []],
    ["an empty key", [["x-api-key", ""]], "anonymous", []],
    ["x-api-key", [["x-api-key", "right"]], "authenticated", ["x-api-key"]],
    ["api-key", [["api-key", "right"]], "authenticated", ["api-key"]],
    ["bearer", [["authorization", "Bearer right"]], "authenticated", ["authorization"]],
    ["lower-case bearer", [["authorization", "bearer right"]], "authenticated", ["authorization"]],
    ["bearer with two spaces", [["authorization", "BEARER  right"]], "authenticated", [
      "authorization",
    ]],
    ["a second key", [["x-api-key", "also-right"]], "authenticated", ["x-api-key"]],
    ["a wrong key", [["x-api-key", "wrong"]], "denied", ["x-api-key"]],
    ["a prefix of the key", [["x-api-key", "righ"]], "denied", ["x-api-key"]],
    ["the key in another case", [["x-api-key", "Right"]], "denied", ["x-api-key"]],
    ["bearer in x-api-key", [["x-api-key", "Bearer right"]], "denied", ["x-api-key"]],
    ["authorization without a scheme", [["authorization", "right"]], "denied", ["authorization"]],
    ["basic", [["authorization", "Basic right"]], "denied", ["authorization"]],
    ["bearer without a token", [["authorization", "Bearer"]], "denied", ["authorization"]],
    [
      "two headers, one right",
      [["x-api-key", "wrong"], ["authorization", "Bearer right"]],
      "authenticated",
      ["x-api-key", "authorization"],
    ],
    ["one header twice", [["x-api-key", "right"], ["x-api-key", "right"]], "denied", ["x-api-key"]],
    ["x_api_key", [["x_api_key", "right"]], "anonymous", []],
  ];

for (const [name, headers, verdict, presentedIn] of CASES) {
  Deno.test(`a client that presents ${name} is ${verdict}`, () => {
    assert.deepEqual(identifyClient(new Headers(headers), KEYS), { verdict, presentedIn });
  });
}

for (const key of ["abc", "", "ключ", "k".repeat(1_000)]) {
  Deno.test(`the digest of a key is its SHA-256: ${key.slice(0, 8) || "empty"}`, () => {
    assert.equal(digestKey(key), hash("sha256", key));
  });
}
