import assert from "node:assert/strict";
import type { TlsSettings } from "../../../src/config/schema/settings.ts";
import { tlsNeeds } from "../../../src/tls/permissions.ts";

const acme: TlsSettings = {
  mode: "acme",
  email: "admin@example.com",
  domains: ["a.example.com"],
  https_port: 443,
  http_challenge_port: 80,
  directory_url: "https://ca.example/directory",
  cache_dir: "/var/cache/acme",
  key_type: "ecdsa",
};

Deno.test("mode disabled needs nothing", () => {
  assert.deepEqual(tlsNeeds({ bind_address: "0.0.0.0", tls: { mode: "disabled" } }), []);
});

Deno.test("mode manual needs its two files", () => {
  const tls: TlsSettings = { mode: "manual", cert_path: "c", key_path: "k", https_port: 8443 };
  assert.deepEqual(tlsNeeds({ bind_address: "::1", tls }), [
    ["tls.cert_path", { read: ["c"] }],
    ["tls.key_path", { read: ["k"] }],
  ]);
});

Deno.test("mode acme needs the challenge port, the authority and its cache", () => {
  assert.deepEqual(tlsNeeds({ bind_address: "::", tls: acme }), [
    ["tls.http_challenge_port", { net: ["[::]:80"] }],
    ["tls.directory_url", { net: ["ca.example:443"] }],
    ["tls.cache_dir", { read: ["/var/cache/acme"], write: ["/var/cache/acme"] }],
  ]);
});

Deno.test("mode acme without cache_dir needs the variables that tell where the cache is", () => {
  const { cache_dir: _, ...tls } = acme;
  const needs = tlsNeeds({ bind_address: "0.0.0.0", tls }).map(([, needs]) => needs);
  assert.ok(needs.some(({ env }) => env?.length));
});
