import assert from "node:assert/strict";
import { ForwardProxy } from "../../kit/servers/forward_proxy.ts";
import { programTest } from "../../kit/process/programs.ts";
import { RawUpstream } from "../../kit/http1/raw_upstream.ts";
import { makeAuthority } from "../../kit/tls/certificate_authority.ts";
import { SQUID, Squid } from "../../kit/servers/squid.ts";
import { netAddressOf } from "../../../src/net/address.ts";
import { dialer } from "../../../src/net/dial.ts";
import { presentedCertificate } from "../../../src/net/peer_certificate.ts";
import { startProxyStandIn } from "../../../src/net/proxy_stand_in.ts";
import { openTunnel, proxyAuthorization } from "../../../src/net/tunnel.ts";

const ca = await makeAuthority("Test authority");
const caCerts = [ca.cert];
const tls = await ca.issue("proxy");
const signal = new AbortController().signal;

function withPassword(url: URL | string): URL {
  return Object.assign(new URL(url), { username: "us er", password: "p@ss:" });
}

const AUTHORIZATION = `Basic ${btoa("us er:p@ss:")}`;

/** The status line that a request over a connection is answered with. */
async function statusLine(conn: Deno.Conn): Promise<string> {
  await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  const buffer = new Uint8Array(1024);
  const count = await conn.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, count ?? 0)).split("\r\n")[0] ?? "";
}

for (const scheme of ["http", "https"]) {
  const proxyTls = scheme === "https" ? { tls } : {};

  Deno.test(`a tunnel through an ${scheme} proxy leads to the server and nowhere else`, async () => {
    await using proxy = ForwardProxy.start({ ...proxyTls, authorization: AUTHORIZATION });
    await using server = RawUpstream.start();
    const authority = netAddressOf(server.url);
    using conn = await openTunnel({ proxy: withPassword(proxy.url), authority, caCerts, signal });
    assert.match(await statusLine(conn), /^HTTP\/1\.1 200/);
    assert.deepEqual(proxy.heads, [
      `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n` +
      `Proxy-Authorization: ${AUTHORIZATION}\r\n\r\n`,
    ]);
    assert.deepEqual(server.requests[0]?.values("proxy-authorization"), []);
  });

  Deno.test(`an ${scheme} proxy's refusal is told in its own words`, async () => {
    await using proxy = ForwardProxy.start({ ...proxyTls, authorization: AUTHORIZATION });
    await assert.rejects(
      openTunnel({ proxy: proxy.url, authority: "localhost:1", caCerts, signal }),
      {
        name: "TunnelRefused",
        message:
          'The forward proxy answered CONNECT with "HTTP/1.1 407 Proxy Authentication Required"',
      },
    );
  });

  Deno.test(`behind an ${scheme} proxy the server's certificate is seen`, async () => {
    await using proxy = ForwardProxy.start({ ...proxyTls, authorization: AUTHORIZATION });
    await using server = RawUpstream.start(undefined, { tls: await ca.issue("server") });
    const url = withPassword(proxy.url);
    const { subject, issuer } = await presentedCertificate(server.url, url, caCerts);
    assert.deepEqual({ subject, issuer }, { subject: "CN=server", issuer: "CN=Test authority" });
    assert.equal(proxy.heads.length, 1);
    server.violations.length = 0; // Nothing came through the handshake.
  });

  for (const target of ["http", "https"]) {
    Deno.test(`a stand-in for an ${scheme} proxy is dialled through to ${target}`, async () => {
      await using proxy = ForwardProxy.start({ ...proxyTls, authorization: AUTHORIZATION });
      await using server = RawUpstream.start(undefined, target === "https" ? { tls } : {});
      const authority = netAddressOf(server.url);
      await using standIn = startProxyStandIn({
        proxy: withPassword(proxy.url),
        authority,
        caCerts,
      });
      const dial = dialer({ url: server.url, tls: { caCerts }, proxyUrl: standIn.url });
      using conn = await dial(signal);
      assert.match(await statusLine(conn), /^HTTP\/1\.1 200/);
      assert.equal(proxy.heads.length, 1);
    });
  }

  Deno.test(`the refusal of an ${scheme} proxy passes through its stand-in`, async () => {
    await using proxy = ForwardProxy.start({ ...proxyTls, authorization: AUTHORIZATION });
    const url = "http://localhost:1";
    await using standIn = startProxyStandIn({
      proxy: proxy.url,
      authority: netAddressOf(url),
      caCerts,
    });
    const dial = dialer({ url, tls: { caCerts }, proxyUrl: standIn.url });
    await assert.rejects(dial(signal), /407 Proxy Authentication Required/);
  });
}

for (
  const [what, answer, fault] of [
    ["ends inside its head", "HTTP/1.1 200 OK\r\n", /ended inside a response's head/],
    ["never ends its head", `HTTP/1.1 200 OK\r\nx: ${"x".repeat(20_000)}`, /A head is too long/],
    ["sends bytes of its own", "HTTP/1.1 200 OK\r\n\r\nhello", /sent bytes of its own/],
    ["speaks no HTTP", "220 mail.example ESMTP\r\n\r\n", /"220 mail.example ESMTP"/],
  ] as const
) {
  Deno.test(`a proxy that ${what} opens no tunnel`, async () => {
    await using proxy = ForwardProxy.start({ answer });
    await assert.rejects(openTunnel({ proxy: proxy.url, authority: "a:1", signal }), fault);
  });
}

Deno.test("an attempt at a tunnel ends with its signal", async () => {
  await using proxy = RawUpstream.start(async (exchange) => void await exchange.peerClosed());
  const left = new AbortController();
  const opening = openTunnel({
    proxy: new URL(proxy.url),
    authority: "a:1",
    signal: left.signal,
  });
  await proxy.nextRequest();
  left.abort(new Error("left"));
  await assert.rejects(opening, /^Error: left$/);
  await proxy.allConnectionsClosed();
});

Deno.test("an https proxy whose certificate nobody vouches for is not spoken to", async () => {
  await using proxy = ForwardProxy.start({ tls });
  await assert.rejects(
    openTunnel({ proxy: withPassword(proxy.url), authority: "a:1", signal }),
    /invalid peer certificate/,
  );
  assert.deepEqual(proxy.heads, []);
});

programTest({
  name: "a tunnel through squid with a password",
  needs: [SQUID],
  fn: async () => {
    await using squid = await Squid.start({ name: "user", password: "p@ss:w/rd" });
    await using server = RawUpstream.start();
    const authority = netAddressOf(server.url);
    using conn = await openTunnel({ proxy: new URL(squid.url), authority, signal });
    assert.match(await statusLine(conn), /^HTTP\/1\.1 200/);
    const wrong = withPassword(squid.url);
    await assert.rejects(openTunnel({ proxy: wrong, authority, signal }), /407/);
  },
});

Deno.test("name and password of a proxy are decoded from its URL", () => {
  assert.equal(proxyAuthorization(new URL("http://host:1")), undefined);
  const encoded = proxyAuthorization(new URL("http://us%20er:p%40ss%3A@host:1"));
  assert.equal(encoded, AUTHORIZATION);
  const beyondLatin1 = proxyAuthorization(new URL("http://ü:€@host:1"));
  assert.equal(beyondLatin1, "Basic w7w64oKs");
});
