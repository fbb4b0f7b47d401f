import assert from "node:assert/strict";
import { allSettings } from "../../../src/config/schema/setting.ts";
import { requestSettings, upstreamSettings } from "../../../src/config/schema/settings.ts";
import { load } from "./loading.ts";

Deno.test("the request path is sent what is marked for it, and what is absent stays absent", async () => {
  const { settings } = await load({ toml: "unauthenticated = 'reject'\nmax_request_body = 9" });
  assert.deepEqual(requestSettings(settings), {
    unauthenticated: "reject",
    strip_request_headers: ["x-forwarded-", "x-envoy-", "x-k8se-", "x-ms-"],
    max_request_body: 9,
    health_endpoints: true,
  });
  assert.equal("max_request_body" in requestSettings((await load({})).settings), false);
});

Deno.test("no secret is sent to workers as it is", () => {
  const marked = allSettings().filter(({ row }) => row.request);
  assert.ok(marked.length > 0);
  assert.deepEqual(marked.filter(({ row }) => row.secret), []);
});

Deno.test("the settings of an upstream are a group of their own", async () => {
  const { settings } = await load({ toml: "upstream_http2 = true" });
  assert.deepEqual(upstreamSettings(settings), {
    upstream_url: "https://upstream.test",
    upstream_http2: true,
    upstream_header_timeout: 600,
  });
});
