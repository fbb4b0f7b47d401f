import assert from "node:assert/strict";
import { clientSetup } from "../../../tools/demo/client_setup.ts";
import { createScreen } from "../../../tools/demo/screen.ts";

Deno.test("a screen without colours writes plain text, one with colours escapes", () => {
  assert.equal(createScreen(() => {}, false).green("ok"), "ok");
  assert.equal(createScreen(() => {}, true).green("ok"), "\x1b[32mok\x1b[39m");
});

Deno.test("the set-up of each client names the proxy's address and the key", () => {
  const setup = clientSetup(createScreen(() => {}, false), "http://127.0.0.1:9", "the-key");
  for (
    const part of [
      "curl -N http://127.0.0.1:9/anthropic/v1/messages",
      "-H 'x-api-key: the-key'",
      "ANTHROPIC_BASE_URL=http://127.0.0.1:9/anthropic ANTHROPIC_AUTH_TOKEN=the-key",
      'base_url = "http://127.0.0.1:9/openai/v1"',
      'wire_api = "responses"',
    ]
  ) assert.ok(setup.includes(part), part);
});
