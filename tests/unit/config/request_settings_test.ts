import assert from "node:assert/strict";
import { FRONT_END_HEADERS } from "../../../src/config/schema/front_end_headers.ts";
import { allSections, settingsOf } from "../../../src/config/schema/placed_setting.ts";
import { requestSettings, upstreamSettings } from "../../../src/config/schema/settings.ts";
import { load } from "./loading.ts";

Deno.test("the request path is sent what is marked for it, and what is absent stays absent", async () => {
  const { settings } = await load({ toml: "unauthenticated = 'reject'\nmax_request_body = 9" });
  assert.deepEqual(requestSettings(settings), {
    unauthenticated: "reject",
    strip_request_headers: [...FRONT_END_HEADERS],
    max_request_body: 9,
    health_endpoints: true,
    request_id_headers: ["x-request-id", "x-client-request-id"],
    cors_origins: [],
    models: [],
  });
  assert.equal("max_request_body" in requestSettings((await load({})).settings), false);
});

Deno.test("no secret is sent to workers as it is", () => {
  const marked = allSections().flatMap((place) =>
    settingsOf(place).filter(({ setting }) => place.root.request || setting.request)
  );
  assert.ok(marked.some(({ path }) => path === "models.id"));
  assert.deepEqual(marked.filter(({ setting }) => setting.secret), []);
});

Deno.test("only what stands at the top is marked by itself, for that is what workers are sent", () => {
  const marked = allSections().flatMap(settingsOf).filter(({ setting }) => setting.request);
  assert.ok(marked.every(({ root }) => root.top));
});

Deno.test("the settings of an upstream are a group of their own", async () => {
  const { settings } = await load({ toml: "upstream_http2 = true" });
  assert.deepEqual(upstreamSettings(settings), {
    upstream_url: "https://upstream.test",
    upstream_http2: true,
    upstream_connect_timeout: 10,
    upstream_header_timeout: 600,
  });
});
