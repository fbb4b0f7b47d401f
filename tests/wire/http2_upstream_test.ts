import assert from "node:assert/strict";
import { join } from "node:path";
import { TestAuthority } from "../kit/tls/authority.ts";
import { type Bytes, concatBytes, toBytes } from "../kit/http1/bytes.ts";
import { Connection } from "../kit/http1/connection.ts";
import { encodeHeaderBlock } from "../kit/http2/hpack.ts";
import {
  ERROR_CODE,
  formatFrame,
  FRAME,
  headerFrames,
  parseFrame,
  PREFACE,
  uint32,
} from "../kit/http2/http2_frames.ts";
import type { HeaderList } from "../kit/http1/message_head.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { RawClient } from "../kit/http1/raw_client.ts";
import { TemporaryDirectory } from "../kit/process/temporary_directory.ts";

/** How the upstream answers: its headers, "half", and when that has arrived a reset. */
interface Reset {
  headers: HeaderList;
  code: number;
  arrived: Promise<void>;
}

/** Answers the requests of one HTTP/2 connection until it ends, however it does. */
async function answer(connection: Connection, reset: () => Reset): Promise<void> {
  const { reader, writer } = connection;
  const send = (...frames: Bytes[]) => writer.write(concatBytes(frames));
  await send(formatFrame(FRAME.settings, 0, 0, new Uint8Array()));
  let received: Bytes = new Uint8Array();
  let left = PREFACE.length;
  for (;;) {
    const arrival = await reader.readSome(Infinity);
    if (arrival === null) return connection.close();
    received = concatBytes([received, arrival.bytes]);
    const skipped = Math.min(left, received.length);
    received = received.subarray(skipped);
    left -= skipped;
    for (let next = parseFrame(received); left === 0 && next; next = parseFrame(received)) {
      received = next.rest;
      const { type, streamId } = next.frame;
      if (type !== FRAME.headers) continue;
      const { headers, code, arrived } = reset();
      await send(
        headerFrames(streamId, encodeHeaderBlock([[":status", "200"], ...headers]), 0),
        formatFrame(FRAME.data, 0, streamId, toBytes("half")),
      );
      await arrived;
      await send(formatFrame(FRAME.rstStream, 0, streamId, uint32(code)));
    }
  }
}

Deno.test("54 69 over HTTP/2 an upstream's reset cuts the client off, but for CANCEL without a length", async (t) => {
  using directory = new TemporaryDirectory();
  const authority = await TestAuthority.create();
  const { cert, key } = await authority.issue();
  const caFile = join(directory.path, "ca.pem");
  await Deno.writeTextFile(caFile, authority.root);
  const tls = { cert, key, alpnProtocols: ["h2"] };
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...tls });
  let reset: Reset | undefined;
  const next = () => reset ?? assert.fail("a request that no step made");
  const connection = listener.accept().then((tls) => answer(new Connection(tls), next));
  {
    await using proxy = await ProxyProcess.start({
      upstreamUrl: `https://localhost:${(listener.addr as Deno.NetAddr).port}`,
      args: ["--workers", "1", "--upstream-http2", "true", "--upstream-ca-file", caFile],
    });
    for (const headers of [[], [["content-length", "10"]]] satisfies HeaderList[]) {
      for (const [name, code] of Object.entries(ERROR_CODE)) {
        await t.step(`${name}, ${headers.length > 0 ? "with" : "without"} a length`, async () => {
          const { promise: arrived, resolve } = Promise.withResolvers<void>();
          reset = { headers, code, arrived };
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
  }
  await connection;
});
