import assert from "node:assert/strict";
import { CLIENT_KEY, ProxyProcess } from "../kit/process/proxy_process.ts";
import { RawClient } from "../kit/http1/raw_client.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";
import { type SseEvent, SseReader } from "../kit/http1/sse.ts";

const STREAM_REQUEST = "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n" +
  `x-api-key: ${CLIENT_KEY}\r\nContent-Length: 2\r\n\r\n{}`;

/**
 * Each event is sent only once the client has received the one before it: a proxy that held one back
 * would end in a deadline, however fast or slow the machine.
 */
Deno.test("57 events arrive one by one, none waiting for the next", async () => {
  const turns = Array.from({ length: 20 }, () => Promise.withResolvers<void>());
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    await exchange.respond({
      headers: [["Content-Type", "text/event-stream"], ["Transfer-Encoding", "chunked"]],
    });
    for (const [index, turn] of turns.entries()) {
      await exchange.writeChunk(`event: ping\ndata: ${index}\n\n`);
      await turn.promise;
    }
    await exchange.writeChunk();
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  using client = await RawClient.connect({ port: proxy.port });
  await client.write(STREAM_REQUEST);
  const body = client.bodyOf(await client.readHead());
  const sse = new SseReader();
  for (const [index, turn] of turns.entries()) {
    assert.deepEqual((await nextEvents(body, sse)).map(({ data }) => data), [String(index)]);
    turn.resolve();
  }
  assert.equal((await body.readAll()).ended, "complete");
});

Deno.test("58 an event split anywhere arrives as its own bytes", async () => {
  const event = 'event: content_block_delta\ndata: {"text":"día ☀"}\n\n';
  const bytes = new TextEncoder().encode(event);
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.readBody();
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    for (let split = 1; split < bytes.length; split++) {
      await exchange.writeChunk(bytes.subarray(0, split));
      await exchange.writeChunk(bytes.subarray(split));
    }
    await exchange.writeChunk();
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  using client = await RawClient.connect({ port: proxy.port });
  await client.write(STREAM_REQUEST);
  const { bytes: received } = await client.readResponse();
  assert.equal(new TextDecoder().decode(received), event.repeat(bytes.length - 1));
});

Deno.test("63 a response that begins before the upload ends is forwarded at once", async () => {
  await using upstream = RawUpstream.start(async (exchange) => {
    await exchange.respond({ headers: [["Transfer-Encoding", "chunked"]] });
    await exchange.writeChunk("early");
    await exchange.readBody();
    await exchange.writeChunk("late");
    await exchange.writeChunk();
  });
  await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url });
  using client = await RawClient.connect({ port: proxy.port });
  await client.write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nab");
  const body = client.bodyOf(await client.readHead());
  assert.equal(new TextDecoder().decode((await body.readSome())?.bytes), "early");
  await client.write("cd");
  assert.equal(new TextDecoder().decode((await body.readAll()).bytes), "earlylate");
});

async function nextEvents(
  body: ReturnType<RawClient["bodyOf"]>,
  sse: SseReader,
): Promise<SseEvent[]> {
  for (;;) {
    const arrival = await body.readSome();
    assert.ok(arrival, "the stream ended before the event came");
    const events = sse.push(arrival.bytes, arrival.at);
    if (events.length > 0) return events;
  }
}
