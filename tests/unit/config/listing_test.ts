import assert from "node:assert/strict";
import { listSettings } from "../../../src/config/load/loaded_settings.ts";
import { load } from "./loading.ts";

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
  assert.deepEqual(find("client_api_key"), {
    path: "client_api_key",
    value: "••••",
    source: "CLAUDE_PROXY__CLIENT_API_KEY",
  });
  assert.doesNotMatch(JSON.stringify(listed), /client-key|upstream-key/);
});
