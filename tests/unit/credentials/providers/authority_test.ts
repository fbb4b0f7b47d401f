import assert from "node:assert/strict";
import { authorityOptions } from "../../../../src/credentials/providers/authority.ts";

Deno.test("instance discovery is for Microsoft's own authorities alone", () => {
  const skips = (host: string) => authorityOptions(host).disableInstanceDiscovery;
  for (
    const host of [
      "https://login.microsoftonline.com",
      "https://login.microsoftonline.us",
      "https://login.partner.microsoftonline.cn",
    ]
  ) assert.equal(skips(host), false, host);
  assert.equal(skips("https://login.private.example"), true);
  assert.equal(skips("https://login.microsoftonline.com.evil.example"), true);
});
