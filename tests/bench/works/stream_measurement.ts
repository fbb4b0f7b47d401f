import type { Running } from "../contenders/contender.ts";
import { StreamLoad } from "../load/stream_load.ts";
import { cpuMicroseconds, type CpuTimes, cpuTimes } from "../machine/cpu_time.ts";
import { memoryBytes } from "../machine/memory.ts";
import type { Figures } from "../stats.ts";
import type { EventUpstream } from "../upstream/event_upstream.ts";

/** How streams are measured. */
export interface StreamMeasurement {
  readonly upstream: EventUpstream;
  readonly streams: number;
  /** Of each stream. */
  readonly events: number;
  /** Milliseconds between two events of a stream. */
  readonly intervalMs: number;
  readonly bodyBytes: number;
  /** Memory of the contender before its first stream, in bytes. */
  readonly idleBytes: number | undefined;
  /** Of the load, as `taskset -c` takes them. */
  readonly cores: string | undefined;
}

/** Milliseconds for the streams to begin, and for the last events to come after they are due. */
const PATIENCE = 15_000;

/**
 * Opens streams, lets them flow and ends them. The processor time is that of the flowing alone.
 *
 * @throws {Error} when a stream does not begin, or is cut
 */
export async function measureStreams(
  { target, pid }: Running,
  options: StreamMeasurement,
): Promise<Figures> {
  const { upstream, streams, events, intervalMs, bodyBytes, idleBytes, cores } = options;
  const deadlineMs = events * intervalMs + PATIENCE;
  const idle = pid === undefined ? undefined : cpuTimes(pid);
  await using load = new StreamLoad({ target, streams, events, bodyBytes, deadlineMs }, cores);
  const { ttfbP50, ttfbP99 } = await load.opened();
  const before = look(pid, upstream.pid, load.pid);
  await upstream.flow(events, intervalMs);
  const { received, p50, p99 } = await load.flowed();
  const after = look(pid, upstream.pid, load.pid);
  const bytes = pid === undefined ? undefined : memoryBytes(pid);
  await upstream.end();
  const { complete } = await load.ended();
  const expected = streams * events;
  if (received === 0) throw new Error(`None of ${expected} events came`);
  if (complete < streams && received === expected) {
    throw new Error(`${streams - complete} of ${streams} streams did not end properly`);
  }
  return {
    ...(p50 !== undefined && { p50 }),
    ...(p99 !== undefined && { p99 }),
    ttfbP50,
    ttfbP99,
    lost: expected - received,
    cpu: pid === undefined
      ? undefined
      : cpuMicroseconds(before.contender, after.contender) / received,
    beginCpu: idle && cpuMicroseconds(idle, before.contender) / streams,
    loadCpu: cpuMicroseconds(before.load, after.load) / received,
    loadBusy: cpuMicroseconds(before.load, after.load) / (after.at - before.at) / 10,
    memory: bytes === undefined || idleBytes === undefined || streams < 100
      ? undefined
      : (bytes - idleBytes) / streams / 1000,
  };
}

interface Look {
  readonly at: number;
  readonly contender: CpuTimes;
  readonly load: CpuTimes;
}

function look(contender: number | undefined, ...load: number[]): Look {
  return {
    at: performance.now(),
    contender: contender === undefined ? new Map() : cpuTimes(contender),
    load: new Map(load.flatMap((pid) => [...cpuTimes(pid)])),
  };
}
