import assert from "node:assert/strict";
import { Transport, type TransportConfig } from "../../../src/upstreams/transport.ts";
import { makeAuthority } from "../../kit/tls/certificate_authority.ts";

const CONFIG: TransportConfig = {
  baseUrl: "http://upstream.invalid",
  connectTimeoutMs: 10_000,
  headerTimeoutMs: 1_000,
  idleTimeoutMs: undefined,
  http2: false,
  tls: { caCerts: [] },
  proxy: undefined,
  isWayKnown: true,
};

function closing(...transports: Transport[]): void {
  const clients = transports.flatMap(({ client, unpooledClient }) => [client, unpooledClient]);
  for (const client of new Set(clients)) client.close();
}

Deno.test("after a reload the connections go on where nothing they are made from has changed", () => {
  const before = new Transport(CONFIG);
  const after = new Transport({ ...CONFIG, headerTimeoutMs: 2_000 }, before);
  assert.equal(after.client, before.client);
  assert.equal(after.unpooledClient, before.unpooledClient);
  assert.notEqual(after.headerTimeout, before.headerTimeout);
  closing(before, after);
});

const { cert } = await makeAuthority("An authority");
const CHANGES: Record<string, Partial<TransportConfig>> = {
  "HTTP/2": { http2: true },
  "an authority": { tls: { caCerts: [cert] } },
  "a forward proxy": { proxy: { url: "http://127.0.0.1:9", forRequests: true } },
};

for (const [what, change] of Object.entries(CHANGES)) {
  Deno.test(`after a reload that changes ${what} new connections are made`, () => {
    const before = new Transport(CONFIG);
    const after = new Transport({ ...CONFIG, ...change }, before);
    assert.notEqual(after.client, before.client);
    assert.notEqual(after.unpooledClient, before.unpooledClient);
    closing(before, after);
  });
}
