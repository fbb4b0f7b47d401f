import assert from "node:assert/strict";
import { basename } from "node:path";
import type { TlsSettings } from "../../../src/config/settings.ts";
import { tlsPermissions } from "../../../src/tls/permissions.ts";

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
  const needs = tlsPermissions({ bind_address: "0.0.0.0", tls: { mode: "disabled" } });
  assert.ok(Object.values(needs).every((list) => list.length === 0));
});

Deno.test("mode manual needs the two files and its port", () => {
  const tls: TlsSettings = { mode: "manual", cert_path: "c", key_path: "k", https_port: 8443 };
  const { net, read, write } = tlsPermissions({ bind_address: "::1", tls });
  assert.deepEqual({ net, read, write }, { net: ["[::1]:8443"], read: ["c", "k"], write: [] });
});

Deno.test("mode acme needs its two ports, the authority, the cache and its workers", () => {
  const { net, read, write, env } = tlsPermissions({ bind_address: "0.0.0.0", tls: acme });
  assert.deepEqual(net, ["0.0.0.0:443", "0.0.0.0:80", "ca.example:443"]);
  assert.deepEqual(read.map((path) => basename(path)), [
    "acme",
    "challenge_worker.ts",
    "order_worker.ts",
  ]);
  assert.deepEqual([write, env], [["/var/cache/acme"], []]);
});

Deno.test("mode acme without cache_dir needs the variables that tell where the cache is", () => {
  const { cache_dir: _, ...tls } = acme;
  const { env } = tlsPermissions({ bind_address: "0.0.0.0", tls });
  assert.ok(env.length > 0);
});
