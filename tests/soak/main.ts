/**
 * `deno task soak [--minutes N] [--streams N] [--rate N] [--seed N] [--csv FILE]`: the program under
 * streams and requests for half an hour, with a sample of its memory and descriptors every 10 s. It
 * ends with code 1 where memory grows, a descriptor leaks, an event is lost or a request fails. It
 * needs Linux.
 */
import { Clients } from "../faults/clients.ts";
import { UpstreamProcess } from "../faults/upstream_process.ts";
import { settled, steady } from "../kit/process/process_watch.ts";
import { programOptions } from "../kit/process/program_options.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { SeededRandom } from "../kit/random/seeded_random.ts";
import { Samples } from "./samples.ts";
import { Traffic } from "./traffic.ts";
import { TRACE_GC } from "./v8_heap.ts";

/**
 * KiB a minute. Resident memory sways by tens of MiB between full collections, which set free what
 * requests held outside V8's heap: two thirds of a KiB a request is what 25 minutes can tell from
 * that. What is alive in the heaps sways less.
 */
const STEEPEST = { rss: 2048, heap: 512 };
/** Seconds that memory gets to find its level; half the time of a shorter run. */
const LEVEL_AFTER = 300;
/** Milliseconds beyond what the upstream takes until a request counts as hung. */
const PATIENCE_MS = 60_000;
/** Milliseconds for descriptors to be closed. */
const SETTLE_MS = 30_000;

const { minutes, streams, rate, seed, csv } = programOptions(
  Deno.args,
  { minutes: 30, streams: 300, rate: 50, seed: Date.now() % 1_000_000 },
  ["csv"],
);
const seconds = minutes * 60;
console.error(`${minutes} minutes, ${streams} streams, ${rate} requests/s, --seed ${seed}`);

await using upstream = await UpstreamProcess.start();
await using proxy = await ProxyProcess.start({ upstreamUrl: upstream.url, env: TRACE_GC });
const clients = new Clients(proxy.port, PATIENCE_MS);
await clients.warmUp(seed);
await upstream.hangUp();
const before = await steady(() => proxy.fdCount());

const traffic = new Traffic(clients, new SeededRandom(seed));
using samples = new Samples(proxy, traffic, csv);
await traffic.run({ seconds, streams, rate });
clients.close();
await upstream.hangUp();
const after = await settled(() => proxy.fdCount(), (now) => now <= before, SETTLE_MS);

const from = Math.min(LEVEL_AFTER, seconds / 2);
const slope = { rss: samples.slope("rssKib", from), heap: samples.slope("heapKib", from) };
const { violations } = await upstream.report();
const trouble = [...traffic.failures, ...violations.map((violation) => `upstream: ${violation}`)];
console.log(`requests: ${traffic.requests.ended} ended, ${traffic.requests.cancelled} cancelled
streams: ${traffic.streams.ended} ended, ${traffic.streams.cancelled} cancelled
events: ${traffic.events.received} received, ${traffic.events.lost} lost
memory after ${from} s, KiB a minute:
  resident ${slope.rss.toFixed(1)}, at most ${STEEPEST.rss}
  V8's heaps after collection ${slope.heap.toFixed(1)}, at most ${STEEPEST.heap}
descriptors: ${before} before, ${after} after
failures: ${trouble.length}`);
for (const line of trouble.slice(0, 20)) console.error(line);
const flat = slope.rss <= STEEPEST.rss && slope.heap <= STEEPEST.heap;
const holds = flat && after <= before && traffic.events.lost === 0 &&
  trouble.length === 0;
if (!holds) Deno.exitCode = 1;
