import assert from "node:assert/strict";
import { concatBytes } from "../kit/http1/bytes.ts";
import { getFrame, Http2Flooder } from "../kit/http2/http2_flooder.ts";
import {
  ERROR_CODE,
  FLAG,
  formatFrame,
  formatSetting,
  FRAME,
  readUint32,
  SETTING,
  uint32,
} from "../kit/http2/http2_frames.ts";
import { encodeHeaderBlock } from "../kit/http2/hpack.ts";
import { HttpsProxy } from "../kit/servers/https_proxy.ts";
import { request } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import type { Handler } from "../kit/http1/upstream_connection.ts";

const MEGABYTE = 2 ** 20;
/** More than any server can be willing to read without sending an answer. */
const FLOODED_FRAMES = 400_000;

/** What the flooding connection sends next, the count from 0. */
type Flood = (count: number) => Uint8Array;

const hang: Handler = async (exchange) => void await exchange.peerClosed(60_000);

function connect(proxy: HttpsProxy): Promise<Http2Flooder> {
  return Http2Flooder.connect(proxy.port, [proxy.authority.root]);
}

async function assertServes(proxy: HttpsProxy): Promise<void> {
  const tls = { caCerts: [proxy.authority.root] };
  const { status, bytes } = await request({ port: proxy.port, tls, target: "/v1/models" });
  assert.equal(status, 200);
  assert.equal(new TextDecoder().decode(bytes), "ok");
}

/** Sends until the server has had enough, and returns the code of its GOAWAY. */
async function floodUntilGone(client: Http2Flooder, flood: Flood): Promise<number | undefined> {
  for (let count = 0; client.goaway === undefined && client.end === undefined; count++) {
    assert.ok(count < 10_000, "the server went on taking it");
    try {
      await client.write(flood(count));
    } catch (error) {
      if (!isGone(error)) throw error;
      break;
    }
    await new Promise((next) => setTimeout(next, 0)); // So that what comes back is read.
  }
  return await client.until(() => client.goaway, "GOAWAY");
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset;
}

Deno.test("HTTP/2 clients are told: 200 streams at a time, 16 KiB of head", async () => {
  await using upstream = RawUpstream.start();
  await using proxy = await HttpsProxy.start(upstream.url);
  using client = await connect(proxy);
  const settings = await client.until(() => client.settings, "SETTINGS");
  assert.equal(settings.get(SETTING.maxConcurrentStreams), 200);
  assert.equal(settings.get(SETTING.maxHeaderListSize), 16_384);
});

Deno.test("streams beyond 200 on one connection are refused, and never reach the upstream", async () => {
  await using upstream = RawUpstream.start(hang);
  await using proxy = await HttpsProxy.start(upstream.url, ["--workers", "1"]);
  {
    using client = await connect(proxy);
    const streams = Array.from({ length: 300 }, (_, index) => getFrame(2 * index + 1, "/hang"));
    await client.write(concatBytes(streams));
    const refusals = await client.until(() => {
      const resets = client.frames.filter(({ type }) => type === FRAME.rstStream);
      return resets.length >= 100 ? resets : undefined;
    }, "100 refusals");
    const codes = new Set(refusals.map(({ payload }) => readUint32(payload, 0)));
    assert.deepEqual(codes, new Set([ERROR_CODE.refusedStream]));
    for (let count = 0; count < 200; count++) await upstream.nextRequest();
  }
  await upstream.allConnectionsClosed();
  assert.equal(upstream.requests.length, 200);
});

/** The stream of a number, begun and reset. */
function resetStream(number: number, target: string): Uint8Array {
  const streamId = 2 * number + 1;
  const cancel = formatFrame(FRAME.rstStream, 0, streamId, uint32(ERROR_CODE.cancel));
  return concatBytes([getFrame(streamId, target), cancel]);
}

const BEGUN_HEAD = getFrame(1, "/v1/models", FLAG.endStream);
const FLOODS: [name: string, first: Uint8Array, flood: Flood][] = [
  ["rapid reset", new Uint8Array(), (count) => {
    const numbers = Array.from({ length: 50 }, (_, index) => 50 * count + index);
    return concatBytes(numbers.map((number) => resetStream(number, "/v1/models")));
  }],
  ["a flood of CONTINUATION", BEGUN_HEAD, (count) => {
    return formatFrame(
      FRAME.continuation,
      0,
      1,
      encodeHeaderBlock([[`x-${count}`, "y".repeat(200)]]),
    );
  }],
  ["a flood of empty CONTINUATION", BEGUN_HEAD, () => {
    return formatFrame(FRAME.continuation, 0, 1, new Uint8Array());
  }],
];

for (const [name, first, flood] of FLOODS) {
  Deno.test(`HTTP/2 ${name} ends with GOAWAY, and others are served`, async () => {
    await using upstream = RawUpstream.start();
    await using proxy = await HttpsProxy.start(upstream.url, ["--workers", "1"]);
    {
      using client = await connect(proxy);
      await client.write(first);
      assert.equal(await floodUntilGone(client, flood), ERROR_CODE.enhanceYourCalm);
    }
    const reached = upstream.requests.length;
    assert.ok(reached <= 100, `${reached} requests reached the upstream`);
    await assertServes(proxy);
  });
}

Deno.test("HTTP/2 resets one by one let go of the upstream each time", async () => {
  await using upstream = RawUpstream.start(hang);
  await using proxy = await HttpsProxy.start(upstream.url, ["--workers", "1"]);
  using client = await connect(proxy);
  for (let count = 0; count < 100; count++) {
    const streamId = 2 * count + 1;
    await client.write(getFrame(streamId, "/hang"));
    await upstream.nextRequest();
    await client.write(formatFrame(FRAME.rstStream, 0, streamId, uint32(ERROR_CODE.cancel)));
  }
  await upstream.allConnectionsClosed();
  upstream.handler = (exchange) => exchange.respond({ body: "ok" });
  await assertServes(proxy);
});

for (
  const [name, frame] of [
    ["PING", formatFrame(FRAME.ping, 0, 0, new Uint8Array(8))],
    [
      "SETTINGS",
      formatFrame(FRAME.settings, 0, 0, formatSetting(SETTING.initialWindowSize, 65_535)),
    ],
  ] as const
) {
  Deno.test({
    name: `a flood of HTTP/2 ${name} is answered without memory, and others are served`,
    ignore: Deno.build.os !== "linux", // Resident memory is read from /proc.
    fn: async () => {
      await using upstream = RawUpstream.start();
      await using proxy = await HttpsProxy.start(upstream.url, ["--workers", "1"]);
      await assertServes(proxy);
      const before = proxy.process.rssBytes();
      using client = await connect(proxy);
      const thousand = concatBytes(Array(1000).fill(frame));
      for (let sent = 0; sent < FLOODED_FRAMES; sent += 1000) {
        await client.write(thousand, 60_000);
      }
      await assertServes(proxy);
      const grown = proxy.process.rssBytes() - before;
      assert.ok(grown < 32 * MEGABYTE, `memory grew by ${grown} bytes`);
    },
  });
}
