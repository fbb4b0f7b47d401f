import assert from "node:assert/strict";
import { HttpsProxy } from "../kit/servers/https_proxy.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { formatRequest, RawClient } from "../kit/http1/raw_client.ts";

const HEAD = formatRequest({
  method: "POST",
  headers: [["Host", "localhost"], ["Content-Length", "8"]],
});

/** An upstream that answers an upload with itself. */
function echo(): RawUpstream {
  return RawUpstream.start(async (exchange) => {
    const { bytes } = await exchange.readBody();
    await exchange.respond({ body: bytes });
  });
}

Deno.test("84 an upload that runs when the proxy drains arrives whole", async () => {
  await using upstream = echo();
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  using client = await RawClient.connect({ port: proxy.port });
  await client.write(HEAD);
  await client.write("half");
  await upstream.nextRequest();
  proxy.signal("SIGTERM");
  await proxy.waitForLine(/draining/);
  await client.write("half");
  const { bytes } = await client.readResponse();
  assert.equal(new TextDecoder().decode(bytes), "halfhalf");
  assert.equal(await proxy.exit(), 0);
});

Deno.test("84 an upload that runs while the certificate is replaced arrives whole", async () => {
  await using upstream = echo();
  await using proxy = await HttpsProxy.start(upstream.url);
  const first = await proxy.serial();
  using client = await RawClient.connect({
    port: proxy.port,
    tls: { caCerts: [proxy.authority.root] },
  });
  await client.write(HEAD);
  await client.write("half");
  await upstream.nextRequest();
  proxy.directory.rename(await proxy.authority.issue());
  await proxy.process.waitForLine(/certificate reloaded/);
  await client.write("half");
  const { bytes } = await client.readResponse();
  assert.equal(new TextDecoder().decode(bytes), "halfhalf");
  await untilReplaced(first, proxy);
});

/** The old listener ends soon after the upload, and from then on its certificate is not shown. */
async function untilReplaced(old: string, proxy: HttpsProxy): Promise<void> {
  const until = performance.now() + 10_000;
  for (let others = 0; others < 20;) {
    assert.ok(performance.now() < until, "the old certificate is still shown");
    const shown = await shownSerial(proxy);
    others = shown === undefined || shown === old ? 0 : others + 1;
  }
}

/** Undefined where the listener ended in the middle of the handshake. */
async function shownSerial(proxy: HttpsProxy): Promise<string | undefined> {
  try {
    return await proxy.serial();
  } catch (error) {
    if (/ECONNRESET|disconnected|closed in the handshake/.test(String(error))) return undefined;
    throw error;
  }
}
