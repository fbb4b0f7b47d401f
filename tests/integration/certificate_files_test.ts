import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import type { Issued } from "../kit/tls/authority.ts";
import { CertificateDirectory, HttpsProxy, manual } from "../kit/servers/https_proxy.ts";
import { CLIENT_KEY, ProxyProcess } from "../kit/process/proxy_process.ts";
import { RawClient, request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

const STREAM_REQUEST = "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n" +
  `x-api-key: ${CLIENT_KEY}\r\nContent-Length: 2\r\n\r\n{}`;
const REFUSED = /new certificate refused, the old one stays.*reason=(.*)/;

Deno.test("HTTPS alone is served, with the chain, over HTTP/1.1 and by ALPN HTTP/2", async () => {
  await using upstream = RawUpstream.start();
  using closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const plainPort = closed.addr.port;
  closed.close();
  await using proxy = await HttpsProxy.start(upstream.url, ["--port", String(plainPort)]);
  const tls = { caCerts: [proxy.authority.root], alpnProtocols: ["http/1.1"] };
  assert.equal((await request({ port: proxy.port, tls })).status, 200);
  using http2 = await RawClient.connect({
    port: proxy.port,
    tls: { ...tls, alpnProtocols: ["h2"] },
  });
  assert.equal(http2.alpnProtocol, "h2");
  await assert.rejects(
    Deno.connect({ hostname: "127.0.0.1", port: plainPort }),
    Deno.errors.ConnectionRefused,
  );
});

for (const way of ["write", "rename", "swapLink"] as const) {
  Deno.test(`certificate files changed by ${way} are served without a signal`, async () => {
    await using upstream = RawUpstream.start();
    await using proxy = await HttpsProxy.start(upstream.url);
    for (let round = 0; round < 2; round++) {
      const next = await proxy.authority.issue();
      proxy.directory[way](next);
      await proxy.process.waitForLine(reloaded(next));
      assert.equal(await proxy.serial(), serialOf(next));
    }
  });
}

Deno.test("a reload leaves a running stream alone, and new connections get the new certificate", async () => {
  const turn = Promise.withResolvers<void>();
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    await exchange.writeChunk("before ");
    await turn.promise;
    await exchange.writeChunk("after");
    await exchange.writeChunk();
  });
  await using proxy = await HttpsProxy.start(upstream.url);
  const tls = { caCerts: [proxy.authority.root] };
  using client = await RawClient.connect({ port: proxy.port, tls });
  await client.write(STREAM_REQUEST);
  const body = client.bodyOf(await client.readHead());
  assert.equal(new TextDecoder().decode((await body.readSome())?.bytes), "before ");
  const next = await proxy.authority.issue();
  proxy.directory.write(next);
  proxy.process.signal("SIGHUP");
  await proxy.process.waitForLine(reloaded(next));
  assert.equal(await proxy.serial(), serialOf(next));
  turn.resolve();
  const { bytes, ended } = await body.readAll();
  assert.deepEqual([new TextDecoder().decode(bytes), ended], ["before after", "complete"]);
});

Deno.test("a bad new pair is refused with file and fault, and the old one stays", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await HttpsProxy.start(upstream.url);
  const before = await proxy.serial();
  const { cert } = await proxy.authority.issue();
  Deno.writeTextFileSync(proxy.directory.certPath, cert);
  const [, reason = ""] = await proxy.process.waitForLine(REFUSED);
  assert.match(reason, /tls\.key: the key does not belong to the certificate in .*tls\.crt/);
  assert.equal(await proxy.serial(), before);
  const good = await proxy.authority.issue();
  proxy.directory.write(good);
  await proxy.process.waitForLine(reloaded(good));
});

Deno.test("SIGHUP without a change keeps serving and says so", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await HttpsProxy.start(upstream.url);
  const before = await proxy.serial();
  proxy.process.signal("SIGHUP");
  await proxy.process.waitForLine(/certificate unchanged/);
  assert.equal(await proxy.serial(), before);
});

Deno.test("a pair that must not be served stops the program before it listens", async () => {
  using directory = new CertificateDirectory();
  await using proxy = await ProxyProcess.spawn({
    upstreamUrl: "http://127.0.0.1:9",
    args: manual(directory),
  });
  assert.equal(await proxy.exit(), 1);
  const output = proxy.stdout.join("\n");
  assert.match(output, /cannot serve HTTPS: .*tls\.crt: does not exist/);
  assert.match(output, /cannot serve HTTPS: .*tls\.key: does not exist/);
  assert.doesNotMatch(output, /listening/);
});

Deno.test("a certificate near its end is warned of at the start", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await HttpsProxy.start(upstream.url);
  const soon = new Date(Date.now() + 3.5 * 86_400_000);
  proxy.directory.write(await proxy.authority.issue({ notAfter: soon }));
  const [line] = await proxy.process.waitForLine(/level=warn.*the certificate expires.*/);
  assert.match(line, /expires in 3 days, on /);
});

function serialOf({ cert }: Issued): string {
  return new X509Certificate(cert).serialNumber;
}

function reloaded(issued: Issued): RegExp {
  return new RegExp(`certificate reloaded.*serial=${serialOf(issued)}`);
}
