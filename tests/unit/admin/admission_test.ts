import assert from "node:assert/strict";
import { holdsKey, isOwnHost } from "../../../src/admin/admission.ts";

const at = (bind_address: string, allowed_hosts: string[] = []) => ({
  bind_address,
  allowed_hosts,
});

Deno.test("a Host is ours when it is what the listener was bound to", () => {
  const ours: [boundTo: string, host: string][] = [
    ["127.0.0.1", "127.0.0.1"],
    ["127.0.0.1", "127.0.0.1:9090"],
    ["127.0.0.1", "localhost:19090"],
    ["localhost", "LOCALHOST:9090"],
    ["::1", "[::1]:9090"],
    ["0.0.0.0", "10.1.2.3:9090"],
    ["::", "[fd00::1]:9090"],
    ["0.0.0.0", "localhost"],
    ["metrics.internal", "metrics.internal:9090"],
  ];
  for (const [boundTo, host] of ours) {
    assert.ok(isOwnHost(host, at(boundTo)), `${host} at ${boundTo}`);
  }
});

Deno.test("any other name is not: a page elsewhere may make a browser use it", () => {
  const foreign: [boundTo: string, host: string | null][] = [
    ["127.0.0.1", "evil.example:9090"],
    ["127.0.0.1", "127.0.0.1.evil.example"],
    ["127.0.0.1", "10.1.2.3:9090"],
    ["0.0.0.0", "evil.example"],
    ["0.0.0.0", "1.2.3.4.evil.example"],
    ["10.1.2.3", "localhost"],
    ["metrics.internal", "localhost"],
    ["127.0.0.1", "localhost.evil.example"],
    ["127.0.0.1", "user@localhost"],
    ["127.0.0.1", "localhost:"],
    ["127.0.0.1", "localhost/x"],
    ["127.0.0.1", ""],
    ["127.0.0.1", null],
  ];
  for (const [boundTo, host] of foreign) {
    assert.ok(!isOwnHost(host, at(boundTo)), `${host} at ${boundTo}`);
  }
});

Deno.test("names that are allowed are ours too, and no part of them", () => {
  const bound = at("0.0.0.0", ["metrics.monitoring.svc", "fd00::1"]);
  for (const host of ["metrics.monitoring.svc", "Metrics.Monitoring.svc:9090", "[fd00::1]:9090"]) {
    assert.ok(isOwnHost(host, bound), host);
  }
  for (const host of ["monitoring.svc", "x.metrics.monitoring.svc", "metrics.monitoring.svc.x"]) {
    assert.ok(!isOwnHost(host, bound), host);
  }
});

Deno.test("without a key everybody may look; with one, who sends it as a token or a password", () => {
  const basic = (pair: string) => `Basic ${new TextEncoder().encode(pair).toBase64()}`;
  for (const header of [null, "Bearer x"]) assert.ok(holdsKey(header, {}));
  const keyed = { api_key: "s3cret:with-colon" };
  for (
    const header of [
      "Bearer s3cret:with-colon",
      "bearer  s3cret:with-colon",
      basic("prometheus:s3cret:with-colon"),
      basic(":s3cret:with-colon"),
    ]
  ) assert.ok(holdsKey(header, keyed), header);
  for (
    const header of [
      null,
      "",
      "Bearer",
      "Bearer s3cret",
      "Bearer s3cret:with-colon!",
      "s3cret:with-colon",
      "Basic s3cret:with-colon",
      basic("s3cret:with-colon"),
      basic("no colon"),
      "Basic ====",
    ]
  ) assert.ok(!holdsKey(header, keyed), `${header}`);
});
