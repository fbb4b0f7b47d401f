import assert from "node:assert/strict";
import { CLIENT_KEY, ProxyProcess } from "../kit/process/proxy_process.ts";
import { RawClient } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

const HEAD = `POST /v1/messages HTTP/1.1\r\nHost: h\r\nx-api-key: ${CLIENT_KEY}\r\n`;

/** Uploads that have not ended, and what of them is data. */
const UNFINISHED: [name: string, bytes: string, data: string][] = [
  ["with a length", `${HEAD}Content-Length: 10\r\n\r\nabc`, "abc"],
  ["chunked, between chunks", `${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`, "abc"],
  ["chunked, inside a chunk", `${HEAD}Transfer-Encoding: chunked\r\n\r\n9\r\nabc`, "abc"],
  ["chunked, before the end", `${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n`, "abc"],
];

for (const departure of ["close", "reset", "closeWrite"] as const) {
  Deno.test(`46 an upload cut by ${departure} is cut upstream too, and is no fault of the upstream's`, async (t) => {
    await using upstream = RawUpstream.start();
    await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
    for (const [name, bytes, data] of UNFINISHED) {
      await t.step(name, async () => {
        const arrived = Promise.withResolvers<void>();
        upstream.handler = async (exchange) => {
          while (exchange.request.bodyText !== data && await exchange.readBodySome());
          arrived.resolve();
          await exchange.readBody();
        };
        using client = await RawClient.connect({ port: proxy.port });
        await client.write(bytes);
        await arrived.promise;
        await client[departure]();
        const received = await upstream.nextRequest();
        assert.equal(await received.whenBodyEnded(), "cut");
        assert.equal(received.bodyText, data);
        if (departure === "closeWrite") {
          assert.equal((await client.readResponse()).status, 400);
          await client.expectEnd();
        }
      });
    }
    const records = await proxy.waitForStdout((lines) => {
      const found = lines.filter((line) => line.includes("msg=request"));
      return found.length === UNFINISHED.length ? found : undefined;
    });
    for (const record of records) {
      assert.match(record, /status=400 .*error=unforwardable_request detail="[^"]+"$/);
    }
  });
}

Deno.test("46 an upload cut while the answer streams ends the answer without a clean end", async () => {
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    await exchange.writeChunk("early");
    await exchange.readBody();
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  using client = await RawClient.connect({ port: proxy.port });
  await client.write(`${HEAD}Content-Length: 10\r\n\r\nabc`);
  const body = client.bodyOf(await client.readHead());
  await body.readSome();
  await client.closeWrite();
  assert.equal((await body.readAll()).ended, "cut");
  assert.equal(await (await upstream.nextRequest()).whenBodyEnded(), "cut");
});
