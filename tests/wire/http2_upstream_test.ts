import assert from "node:assert/strict";
import { join } from "node:path";
import type { HeaderList } from "../kit/http1/message_head.ts";
import { RawClient } from "../kit/http1/raw_client.ts";
import { ERROR_CODE } from "../kit/http2/http2_frames.ts";
import { RawHttp2Upstream } from "../kit/http2/raw_http2_upstream.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { TemporaryDirectory } from "../kit/process/temporary_directory.ts";
import { TestAuthority } from "../kit/tls/authority.ts";

Deno.test("54 69 over HTTP/2 an upstream's reset cuts the client off, but for CANCEL without a length", async (t) => {
  using directory = new TemporaryDirectory();
  const authority = await TestAuthority.create();
  const caFile = join(directory.path, "ca.pem");
  await Deno.writeTextFile(caFile, authority.root);
  await using upstream = RawHttp2Upstream.start(await authority.issue());
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--workers", "1", "--upstream-http2", "true", "--upstream-ca-file", caFile],
  });
  for (const headers of [[], [["content-length", "10"]]] satisfies HeaderList[]) {
    for (const [name, code] of Object.entries(ERROR_CODE)) {
      await t.step(`${name}, ${headers.length > 0 ? "with" : "without"} a length`, async () => {
        const { promise: arrived, resolve } = Promise.withResolvers<void>();
        upstream.handler = async (exchange) => {
          await exchange.respond(headers);
          await exchange.send("half");
          await arrived;
          await exchange.reset(code);
        };
        using client = await RawClient.connect({ port: proxy.port });
        await client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        const body = client.bodyOf(await client.readHead());
        await body.readSome();
        resolve();
        // fetch (hyper) takes these two for the end of the body; a length shows that it is not.
        const unseen = code === ERROR_CODE.cancel || code === ERROR_CODE.noError;
        const expected = unseen && headers.length === 0 ? "complete" : "cut";
        assert.equal((await body.readAll()).ended, expected);
      });
    }
  }
});
