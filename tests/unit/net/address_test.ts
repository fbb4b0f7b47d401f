import assert from "node:assert/strict";
import {
  bracketed,
  endpointOf,
  netAddress,
  netAddressOf,
  unbracketed,
} from "../../../src/net/address.ts";

const URLS: [url: string, hostname: string, port: number, address: string][] = [
  ["http://host/a", "host", 80, "host:80"],
  ["https://host", "host", 443, "host:443"],
  ["https://host:443/", "host", 443, "host:443"],
  ["http://user:secret@host:3128", "host", 3128, "host:3128"],
  ["https://[2001:DB8::1]:8443/x", "2001:db8::1", 8443, "[2001:db8::1]:8443"],
  ["http://[::1]", "::1", 80, "[::1]:80"],
];

for (const [url, hostname, port, address] of URLS) {
  Deno.test(`${url} leads to ${address}`, () => {
    assert.deepEqual(endpointOf(url), { hostname, port });
    assert.deepEqual(endpointOf(new URL(url)), { hostname, port });
    assert.equal(netAddressOf(url), address);
  });
}

Deno.test("brackets stand around IPv6 and nothing else", () => {
  for (const [hostname, host] of [["::1", "[::1]"], ["127.0.0.1", "127.0.0.1"], ["a", "a"]]) {
    assert.equal(bracketed(hostname!), host);
    assert.equal(unbracketed(host!), hostname);
  }
});

Deno.test("port 0 means any port", () => {
  assert.equal(netAddress("::1", 0), "[::1]");
  assert.equal(netAddress("localhost", 0), "localhost");
});
