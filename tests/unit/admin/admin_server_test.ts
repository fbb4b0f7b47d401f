import assert from "node:assert/strict";
import { isOwnHost } from "../../../src/admin/admin_server.ts";

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
  for (const [boundTo, host] of ours) assert.ok(isOwnHost(host, boundTo), `${host} at ${boundTo}`);
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
    assert.ok(!isOwnHost(host, boundTo), `${host} at ${boundTo}`);
  }
});
