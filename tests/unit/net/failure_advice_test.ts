import assert from "node:assert/strict";
import { failureAdvice } from "../../../src/net/failure_advice.ts";
import { fetchFailure } from "../../../src/net/network_failure.ts";
import { RawUpstream } from "../../kit/http1/raw_upstream.ts";
import { freePort } from "../../kit/process/free_port.ts";
import { TestAuthority } from "../../kit/tls/authority.ts";
import { type Certificate, makeCertificate } from "../../kit/tls/certificate.ts";

const SETTINGS = { address: "upstream_url", authorities: "upstream_ca_file" };
const DAY = 86_400_000;

/** What is said of a `fetch` that fails. */
async function advice(
  url: string,
  options: { caCerts?: string[]; proxy?: { url: string } } = {},
): Promise<string | undefined> {
  using client = Deno.createHttpClient(options);
  const error = await fetch(url, { client } as RequestInit).then(() => undefined, (error) => error);
  assert.ok(error instanceof Error, "it did not fail");
  return failureAdvice(fetchFailure(error), SETTINGS);
}

const authority = await TestAuthority.create();
const ago = (days: number) => new Date(Date.now() - days * DAY);

const CERTIFICATES: [what: string, certificate: Certificate, said: RegExp][] = [
  [
    "of somebody unknown",
    await makeCertificate(),
    /^its certificate is not trusted \(UnknownIssuer\); if it is right, put the issuer's certificate into upstream_ca_file$/,
  ],
  [
    "that is an authority's",
    await makeCertificate(undefined, true),
    /^its certificate is not trusted \(CaUsedAsEndEntity\); .* \(CA:FALSE\), and upstream_ca_file that one, or its issuer's$/,
  ],
  [
    "that has expired",
    await authority.issue({ notBefore: ago(9), notAfter: ago(2) }),
    /\(certificate expired: .*\); renew it at the server, or set this machine's clock$/,
  ],
  [
    "that is not valid yet",
    await authority.issue({ notBefore: ago(-2), notAfter: ago(-9) }),
    /\(certificate not valid yet: .*\); set this machine's clock, or the server's$/,
  ],
  [
    "for another name",
    await authority.issue({ names: ["other.example"] }),
    /not valid for name "localhost".*; check the host name, and whether something else answers/,
  ],
  [
    "for clients",
    await authority.issue({ forClients: true }),
    /extended key usage.*; give the server one that is for servers \(serverAuth\)$/,
  ],
];

for (const [what, tls, said] of CERTIFICATES) {
  Deno.test(`a certificate ${what} brings its own advice`, async () => {
    await using server = RawUpstream.start(undefined, { tls });
    assert.match(await advice(server.url, { caCerts: [authority.root] }) ?? "", said);
    server.violations.length = 0; // The handshake is broken off.
  });
}

Deno.test("a server certificate that is no authority's is trusted by upstream_ca_file itself, as we advise", async () => {
  const tls = await makeCertificate();
  await using server = RawUpstream.start((exchange) => exchange.respond({}), { tls });
  using client = Deno.createHttpClient({ caCerts: [tls.cert] });
  const response = await fetch(server.url, { client } as RequestInit);
  await response.body?.cancel();
  assert.equal(response.status, 200);
});

Deno.test("what the network says brings the setting to look at", async () => {
  const closed = freePort();
  assert.match(
    await advice("http://nowhere.invalid") ?? "",
    /^its host name cannot be resolved; check upstream_url and DNS$/,
  );
  assert.match(
    await advice(`http://127.0.0.1:${closed}`) ?? "",
    /^it refused the connection; check upstream_url and the firewall$/,
  );
  await using plain = RawUpstream.start((exchange) => exchange.close());
  assert.match(
    await advice(plain.url.replace("http:", "https:")) ?? "",
    /^the TLS handshake failed; check that upstream_url names a port that speaks TLS$/,
  );
  plain.violations.length = 0; // A ClientHello is no HTTP request.
});

/** What a forward proxy answers to CONNECT, nothing where it only hangs up. */
const PROXIES: [answer: string, said: RegExp][] = [
  ["HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", /wants a name and a password; write them/],
  ["HTTP/1.1 403 Forbidden\r\n\r\n", /opens no way to it; check that it runs and lets this host/],
  ["HTTP/1.1 502 Bad Gateway\r\n\r\n", /opens no way to it/],
  ["", /opens no way to it/],
];

for (const [answer, said] of PROXIES) {
  Deno.test(`a forward proxy that answers ${JSON.stringify(answer.slice(0, 12))} is blamed itself`, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const answered = (async () => {
      using conn = await listener.accept();
      await conn.read(new Uint8Array(1024));
      await conn.write(new TextEncoder().encode(answer));
    })();
    const proxy = { url: `http://127.0.0.1:${listener.addr.port}` };
    assert.match(await advice("https://localhost:4433", { proxy }) ?? "", said);
    await answered;
  });
}

Deno.test("words that nobody knows bring no advice", () => {
  assert.equal(failureAdvice("the dog ate it", SETTINGS), undefined);
});
