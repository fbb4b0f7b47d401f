import assert from "node:assert/strict";
import { allowReading, preflightResponse } from "../../../src/proxy/cors.ts";

const ORIGIN = "https://app.example.com";
const ORIGINS = ["http://localhost:5173", ORIGIN];

function asking(headers: Record<string, string>, method = "OPTIONS"): Request {
  return new Request("http://proxy/v1/messages", { method, headers });
}

Deno.test("a preflight of an allowed origin is answered with what it asks for", () => {
  const response = preflightResponse(
    asking({
      "origin": ORIGIN,
      "access-control-request-method": "PATCH",
      "access-control-request-headers": "content-type,x-api-key",
    }),
    ORIGINS,
  );
  assert.equal(response?.status, 204);
  assert.deepEqual([...response.headers], [
    ["access-control-allow-headers", "content-type,x-api-key"],
    ["access-control-allow-methods", "PATCH"],
    ["access-control-allow-origin", ORIGIN],
    ["access-control-max-age", "7200"],
    ["vary", "origin, access-control-request-method, access-control-request-headers"],
  ]);
});

Deno.test("a preflight that asks for no headers is allowed none", () => {
  const headers = { "origin": ORIGIN, "access-control-request-method": "GET" };
  const response = preflightResponse(asking(headers), ORIGINS);
  assert.equal(response?.headers.has("access-control-allow-headers"), false);
});

const METHOD = { "access-control-request-method": "POST" };
const OTHERS: [what: string, request: Request, origins: readonly string[]][] = [
  ["another origin", asking({ ...METHOD, origin: "https://evil.example" }), ORIGINS],
  ["the origin with another port", asking({ ...METHOD, origin: `${ORIGIN}:8443` }), ORIGINS],
  [
    "the origin by another scheme",
    asking({ ...METHOD, origin: "http://app.example.com" }),
    ORIGINS,
  ],
  ["a longer origin", asking({ ...METHOD, origin: `${ORIGIN}.evil.example` }), ORIGINS],
  ["the origin of no page", asking({ ...METHOD, origin: "null" }), ORIGINS],
  ["no origin", asking(METHOD), ORIGINS],
  ["an OPTIONS request that is no preflight", asking({ origin: ORIGIN }), ORIGINS],
  ["another method", asking({ ...METHOD, origin: ORIGIN }, "POST"), ORIGINS],
  ["any origin where none is allowed", asking({ ...METHOD, origin: ORIGIN }), []],
];

for (const [what, request, origins] of OTHERS) {
  Deno.test(`no preflight of ours: ${what}`, () => {
    assert.equal(preflightResponse(request, origins), undefined);
  });
}

Deno.test("a page of an allowed origin may read an answer of ours, and no other may", () => {
  const read = (origin: string | undefined, origins: readonly string[]) => {
    const response = Response.json({});
    allowReading(response, asking(origin === undefined ? {} : { origin }, "POST"), origins);
    const { headers } = response;
    return [
      headers.get("access-control-allow-origin"),
      headers.get("access-control-expose-headers"),
      headers.get("vary"),
    ];
  };
  const exposed = "retry-after, x-claude-proxy-error, x-request-id, x-should-retry";
  assert.deepEqual(read(ORIGIN, ORIGINS), [ORIGIN, exposed, "origin"]);
  for (const origin of ["https://evil.example", "null", undefined]) {
    assert.deepEqual(read(origin, ORIGINS), [null, null, "origin"], "a cache may hold it");
  }
  assert.deepEqual(read(ORIGIN, []), [null, null, null]);
});

Deno.test("a preflight's answer says once what it depends on", () => {
  const request = asking({ ...METHOD, origin: ORIGIN });
  const response = preflightResponse(request, ORIGINS) ?? assert.fail();
  allowReading(response, request, ORIGINS);
  assert.deepEqual([...response.headers].filter(([name]) => name === "vary"), [
    ["vary", "origin, access-control-request-method, access-control-request-headers"],
  ]);
});
