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
  /** Memory of the contender before its first stream, in bytes; absent where memory is not asked for. */
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
  const idle = look(pid);
  await using load = new StreamLoad({ target, streams, events, bodyBytes, deadlineMs }, cores);
  const opened = await load.opened();
  const before = look(pid, upstream.pid, load.pid);
  await upstream.flow(events, intervalMs);
  const flowed = await load.flowed();
  const after = look(pid, upstream.pid, load.pid);
  const memory = pid === undefined || idleBytes === undefined
    ? undefined
    : (memoryBytes(pid) - idleBytes) / streams / 1000;
  await upstream.end();
  requireWhole(flowed.received, (await load.ended()).complete, options);
  const loadCpu = cpuMicroseconds(before.load, after.load);
  return {
    ...opened,
    ...flowed,
    lost: streams * events - flowed.received,
    loadBusy: loadCpu / (after.at - before.at) / 10,
    ...(pid !== undefined && {
      beginCpu: cpuMicroseconds(idle.contender, before.contender) / streams,
      cpu: cpuMicroseconds(before.contender, after.contender) / flowed.received,
    }),
    ...(memory !== undefined && { memory }),
  };
}

/** Where events are lost, streams that do not end are no further news. */
function requireWhole(
  received: number,
  complete: number,
  { streams, events }: StreamMeasurement,
): void {
  const expected = streams * events;
  if (received === 0) throw new Error(`None of ${expected} events came`);
  if (complete < streams && received === expected) {
    throw new Error(`${streams - complete} of ${streams} streams did not end properly`);
  }
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
