import assert from "node:assert/strict";
import { listSettings, settingsAsJson } from "../../../src/config/load/loaded_settings.ts";
import { load, REQUIRED } from "./loading.ts";

Deno.test("the list names value and source of every setting and masks secrets", async () => {
  const listed = listSettings(await load({ toml: "port = 81", flags: { workers: "3" } }));
  const find = (path: string) => listed.find((setting) => setting.path === path);
  assert.deepEqual(find("port"), { path: "port", value: "81", source: "config.toml:1" });
  assert.deepEqual(find("workers"), { path: "workers", value: "3", source: "--workers" });
  assert.deepEqual(find("max_request_body"), {
    path: "max_request_body",
    value: "off",
    source: "default",
  });
  assert.deepEqual(find("strip_request_headers"), {
    path: "strip_request_headers",
    value: "what front ends add",
    source: "default",
  });
  assert.deepEqual(find("client_api_key"), {
    path: "client_api_key",
    value: "••••",
    source: "CLAUDE_PROXY__CLIENT_API_KEY",
  });
  assert.doesNotMatch(JSON.stringify(listed), /client-key|upstream-key/);
});

Deno.test("programs get values as JSON has them, secrets masked", async () => {
  const { CLAUDE_PROXY__CLIENT_API_KEY: _, ...env } = REQUIRED;
  const loaded = await load({
    toml: 'strip_request_headers = ["x-a-"]\nclient_api_key = ["a", "b"]\n' +
      '[[models]]\nid = "m"\napi = "openai"',
    env,
  });
  const values = Object.fromEntries(settingsAsJson(loaded).map(({ path, value }) => [path, value]));
  assert.equal(values["port"], 8080);
  assert.equal(values["upstream_http2"], false);
  assert.equal(values["upstream_url"], "https://upstream.test");
  assert.equal(values["max_request_body"], null);
  assert.equal(values["client_api_key"], "••••");
  assert.equal(values["upstream_auth.api_key"], "••••");
  assert.equal(values["models[0].id"], "m");
  assert.deepEqual(values["strip_request_headers"], ["x-a-"]);
});

Deno.test("a value that somebody gave is listed as it is, where its default goes by a name", async () => {
  const listed = listSettings(await load({ flags: { strip_request_headers: "x-a,x-b-" } }));
  assert.deepEqual(listed.find(({ path }) => path === "strip_request_headers"), {
    path: "strip_request_headers",
    value: '["x-a", "x-b-"]',
    source: "--strip-request-headers",
  });
});
