import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { CacheDirectory, certificateIssued, startAcmeProxy } from "../kit/process/acme_proxy.ts";
import {
  ConnectionLoad,
  numberedEvents,
  type Probe,
  readNumberedEvents,
} from "../kit/tls/https_load.ts";
import { HttpsProxy } from "../kit/servers/https_proxy.ts";
import { PEBBLE, Pebble } from "../kit/servers/pebble.ts";
import { programTest } from "../kit/process/programs.ts";
import { RawUpstream } from "../kit/http1/raw_upstream.ts";

const STREAMS = 50;
const SWAPS = 20;
/** New connections a second. */
const RATE = 50;
/** Milliseconds between two events of a stream. */
const INTERVAL = 100;

Deno.test("20 swaps under load cut no stream, and every connection after a swap shows the new certificate", async () => {
  const streamsEnd = new AbortController();
  await using upstream = RawUpstream.start(numberedEvents(INTERVAL, streamsEnd.signal));
  await using proxy = await HttpsProxy.start(upstream.url);
  const trust = { port: proxy.port, ca: [proxy.authority.root] };
  const streams = await startStreams(trust, STREAMS);
  const load = new ConnectionLoad(trust, RATE);
  const swaps: Swap[] = [];
  for (let index = 0; index < SWAPS; index++) {
    const done = await swap(proxy);
    swaps.push(done);
    await load.since(done.ended, 10);
  }
  await load.stop();
  const { probes } = load;
  streamsEnd.abort();
  const events = await Promise.all(streams);
  assert.ok(events.every((count) => count > 1));
  for (const { started, serial } of probes.filter(({ serial }) => serial !== undefined)) {
    const last = swaps.findLastIndex(({ ended }) => ended < started);
    if (last === -1) continue;
    assert.ok(swaps.slice(last).some((one) => one.serial === serial), `${serial} was replaced`);
  }
  const lost = probes.filter(({ failure }) => failure !== undefined);
  for (const probe of lost) assert.ok(swaps.some((one) => overlaps(probe, one)), show(probe));
  console.log(`${probes.length} new connections, ${SWAPS} swaps, ${lost.length} lost`);
});

programTest({
  name: "a short-lived certificate is renewed under load without cutting a stream",
  needs: PEBBLE,
  fn: async () => {
    const end = new AbortController();
    using cacheDir = new CacheDirectory();
    await using upstream = RawUpstream.start(numberedEvents(INTERVAL, end.signal));
    await using pebble = await Pebble.start({ lifetime: 6 });
    await using proxy = await startAcmeProxy(pebble, { cacheDir, upstreamUrl: upstream.url });
    await certificateIssued(proxy);
    const serverName = "a.example.com";
    const trust = { port: proxy.port, ca: [await pebble.root()], serverName };
    const streams = await startStreams(trust, 10);
    const load = new ConnectionLoad(trust, RATE);
    const first = serialOf(cacheDir.certificate());
    await proxy.waitForLine(new RegExp(`certificate issued" serial=(?!${first})`), 20_000);
    await load.since(performance.now(), 10);
    await load.stop();
    end.abort();
    await Promise.all(streams);
    const serials = new Set(load.probes.flatMap(({ serial }) => serial ?? []));
    assert.ok(serials.has(first) && serials.size >= 2, [...serials].join(" "));
    assert.equal(pebble.registrations, 1);
  },
});

/** From the moment the new files are there to the moment every worker serves them. */
interface Swap {
  serial: string;
  started: number;
  ended: number;
}

async function swap(proxy: HttpsProxy): Promise<Swap> {
  const next = await proxy.authority.issue();
  const serial = serialOf(next.cert);
  const started = performance.now();
  proxy.directory.write(next);
  proxy.process.signal("SIGHUP");
  await proxy.process.waitForLine(new RegExp(`certificate reloaded.*serial=${serial}`));
  return { serial, started, ended: performance.now() };
}

/** Starts streams and waits until each has begun. */
async function startStreams(
  trust: Parameters<typeof readNumberedEvents>[0],
  count: number,
): Promise<Promise<number>[]> {
  const begun = Array.from({ length: count }, () => Promise.withResolvers<void>());
  const streams = begun.map(({ resolve }) => readNumberedEvents(trust, resolve));
  await Promise.all(begun.map(({ promise }, index) => Promise.race([promise, streams[index]])));
  return streams;
}

function overlaps(probe: Probe, swap: Swap): boolean {
  return probe.started <= swap.ended && probe.ended >= swap.started;
}

function show({ started, ended, failure }: Probe): string {
  return `lost outside every swap: ${failure}, from ${started} to ${ended} ms`;
}

function serialOf(cert: string): string {
  return new X509Certificate(cert).serialNumber;
}
