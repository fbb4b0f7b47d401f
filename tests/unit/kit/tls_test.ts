import assert from "node:assert/strict";
import { makeCertificate } from "../../kit/tls/certificate.ts";
import { programTest } from "../../kit/process/programs.ts";
import { formatRequest, RawClient, request } from "../../kit/http1/raw_client.ts";
import { RawUpstream } from "../../kit/http1/raw_upstream.ts";

const needs = [{ program: "openssl", install: "apt-get install openssl" }];

programTest({
  name: "client and upstream speak TLS and agree on a protocol",
  needs,
  fn: async () => {
    const tls = await makeCertificate();
    await using upstream = RawUpstream.start(undefined, { tls });
    const offer = { caCerts: [tls.cert], alpnProtocols: ["h2", "http/1.1"] };
    using client = await RawClient.connect({ port: upstream.port, tls: offer });
    assert.equal(client.alpnProtocol, "http/1.1");
    await client.write(formatRequest({}));
    assert.equal((await client.readResponse()).status, 200);
    assert.match(upstream.url, /^https:\/\/localhost:\d+$/);
  },
});

programTest({
  name: "a certificate that is not trusted fails the client, and is no violation",
  needs,
  fn: async () => {
    await using upstream = RawUpstream.start(undefined, { tls: await makeCertificate() });
    await assert.rejects(request({ port: upstream.port, tls: true }), Deno.errors.InvalidData);
  },
});

programTest({
  name: "a TLS connection is ended by FIN and by RST, and both are noticed",
  needs,
  fn: async () => {
    const tls = await makeCertificate();
    await using upstream = RawUpstream.start(async (exchange) => {
      await exchange.peerClosed();
    }, { tls });
    for (const [id, how] of [[1, "close"], [2, "reset"]] as const) {
      const caCerts = [tls.cert];
      const client = await RawClient.connect({ port: upstream.port, tls: { caCerts } });
      await client.write(formatRequest({}));
      await upstream.nextRequest();
      client[how]();
      assert.equal(await upstream.connectionClosed(id), how === "reset" ? "reset" : "fin");
    }
  },
});
