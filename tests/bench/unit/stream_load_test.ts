import assert from "node:assert/strict";
import { straight } from "../contenders/straight.ts";
import { transfer } from "../load/transfer.ts";
import { measureStreams } from "../works/stream_measurement.ts";
import { EventUpstream } from "../upstream/event_upstream.ts";
import { LARGE_ANSWER, LARGE_BYTES } from "../upstream/anthropic_answers.ts";

const UNPINNED = { contender: undefined, load: undefined, all: undefined };

function straightTo(upstream: EventUpstream) {
  return straight.start({ upstreamUrl: upstream.url, directory: "", cores: UNPINNED });
}

Deno.test("every event of every stream comes, and every stream ends", async () => {
  await using upstream = await EventUpstream.start(undefined);
  await using running = await straightTo(upstream);
  for (const streams of [1, 60]) {
    const figures = await measureStreams(running, {
      ...{ upstream, streams, events: 10, intervalMs: 20, bodyBytes: 76_000 },
      ...{ idleBytes: undefined, cores: undefined },
    });
    assert.equal(figures["received"], streams * 10);
    assert.equal(figures["lost"], 0);
    assert.ok((figures["p50"] ?? NaN) <= (figures["p99"] ?? NaN), "latencies are in order");
    assert.equal(figures["cpu"], undefined, "nobody stands in between");
  }
});

Deno.test("a large body goes up, and a large answer comes down", async () => {
  await using upstream = await EventUpstream.start(undefined);
  await using running = await straightTo(upstream);
  const body = new TextEncoder().encode(LARGE_ANSWER);
  await transfer(running.target, body, LARGE_BYTES);
  await transfer(running.target, new Uint8Array(LARGE_BYTES), 0);
  await assert.rejects(
    transfer({ ...running.target, url: "http://127.0.0.1:9" }, body, 0),
    Deno.errors.ConnectionRefused,
  );
});
