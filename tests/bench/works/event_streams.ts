import type { Contender } from "../contenders/contender.ts";
import { EVENT_BYTES } from "../load/stamped_event.ts";
import { memoryBytes } from "../machine/memory.ts";
import { type Figures, medians } from "../stats.ts";
import { EventUpstream } from "../upstream/event_upstream.ts";
import { withAdded } from "./against_straight.ts";
import { Field, type NamedLoad, type Turn } from "./field.ts";
import { measureStreams } from "./stream_measurement.ts";
import type { Bench, Column, Row, Work } from "./work.ts";

/** Milliseconds between two events of a stream: 50 a second. */
const INTERVAL = 20;
/** Events a second in all streams, which leaves a core of this time some air for each contender. */
const EVENTS_PER_SECOND = 20_000;
const BODY_BYTES = 2000;

/** Columns of event streams. */
export const STREAM_COLUMNS: readonly Column[] = [
  { key: "rate", title: "events/s", digits: 0 },
  { key: "cpu", title: "CPU µs/event", digits: 1 },
  { key: "p50", title: "p50 ms", digits: 2 },
  { key: "added_p50", title: "added p50 ms", digits: 2 },
  { key: "p99", title: "p99 ms", digits: 2 },
  { key: "added_p99", title: "added p99 ms", digits: 2 },
  { key: "ttfbP50", title: "first byte p50 ms", digits: 1 },
  { key: "lost", title: "lost in all", digits: 0 },
  { key: "memory", title: "kB/stream", digits: 1 },
  { key: "loadBusy", title: "load core %", digits: 0 },
];

/** A number of concurrent streams. */
export interface StreamCount extends NamedLoad {
  readonly streams: number;
  /** Milliseconds between two events of a stream, more where that is too fast. @default {20} */
  readonly intervalMs?: number;
  /** Events of each stream. @default {as many as fit the seconds} */
  readonly events?: number;
  /** Bytes of each request's body. @default {2000} */
  readonly bodyBytes?: number;
}

/** Loads by number of streams. */
export function streamCounts(counts: readonly number[]): StreamCount[] {
  return counts.map((streams) => ({
    name: `${streams.toLocaleString("en-US")} stream${streams > 1 ? "s" : ""}`,
    streams,
  }));
}

/** Milliseconds between two events of a stream, where all streams share a rate. */
export function intervalFor(
  { streams, intervalMs = INTERVAL }: StreamCount,
  eventsPerSecond = EVENTS_PER_SECOND,
): number {
  return Math.max(intervalMs, streams * 1000 / Math.min(eventsPerSecond, EVENTS_PER_SECOND));
}

/** Work 2. */
export const eventStreams: Work = {
  key: "2",
  title: "Event streams",
  run: async (bench) => [{
    work: "2",
    title: "Event streams",
    description: `Streams of events of ${EVENT_BYTES} bytes that flow together for ` +
      `${bench.seconds} s, evenly spread: 50 events a second in each, or fewer where that made ` +
      `more than ${EVENTS_PER_SECOND.toLocaleString("en-US")} a second in all.`,
    columns: STREAM_COLUMNS,
    rows: await measureEventStreams(bench, bench.contenders, streamCounts(bench.streams)),
  }],
};

/**
 * Starts an upstream and the contenders, and measures event streams.
 *
 * @param field what the contenders are started with
 */
export async function measureEventStreams(
  bench: Bench,
  contenders: readonly Contender[],
  loads: readonly StreamCount[],
  field: Omit<Parameters<typeof Field.start>[2], "upstreamUrl"> = {},
): Promise<Row[]> {
  await using upstream = await EventUpstream.start(bench.cores.load);
  const options = { upstreamUrl: upstream.url, ...field };
  const start = (able = contenders) => Field.start(bench, able, options);
  await using started = await start();
  const rows = await measureField(bench, started, upstream, loads);
  const memory = await measureMemory(
    bench,
    upstream,
    loads,
    (streams) => start(contenders.filter(({ mostStreams = Infinity }) => streams <= mostStreams)),
  );
  return rows.map((row) => withFigures(row, memory));
}

/** Measures contenders that stand before an upstream already. */
export async function measureField(
  bench: Bench,
  field: Field,
  upstream: EventUpstream,
  loads: readonly StreamCount[],
): Promise<Row[]> {
  const measure = (turn: Turn<StreamCount>) => measureTurn(bench, upstream, turn);
  await field.takeTurns([WARM_UP], measure, 1);
  return withAdded(await field.takeTurns(loads, measure), ["p50", "p99"]).map(withAllLost);
}

/** Fewer streams tell nothing about the memory of one. */
const ENOUGH_STREAMS = 100;
/** Events of each stream while memory is measured. */
const FEW_EVENTS = 10;

/**
 * The memory of a stream, where there are many. Each figure is of a contender that was started for it:
 * one that has had more streams before may keep their memory.
 *
 * @param start Starts those contenders that can have so many streams.
 */
async function measureMemory(
  bench: Bench,
  upstream: EventUpstream,
  loads: readonly StreamCount[],
  start: (streams: number) => Promise<Field>,
): Promise<Row[]> {
  const rows: Row[] = [];
  const many = loads.filter(({ streams }) => streams >= ENOUGH_STREAMS);
  for (let round = 1; round <= bench.rounds; round++) {
    for (const load of many) {
      bench.progress(`  memory, round ${round} of ${bench.rounds}`);
      await using field = await start(load.streams);
      const measure = (turn: Turn<StreamCount>) => measureTurnMemory(bench, upstream, turn);
      rows.push(...await field.takeTurns([load], measure, 1));
    }
  }
  return rows;
}

async function measureTurnMemory(
  bench: Bench,
  upstream: EventUpstream,
  turn: Turn<StreamCount>,
): Promise<Figures> {
  const { pid } = turn.running;
  if (pid === undefined) return {};
  await measureTurn(bench, upstream, { ...turn, load: WARM_UP });
  const idleBytes = memoryBytes(pid);
  const load = { ...turn.load, events: FEW_EVENTS };
  const { memory } = await measureTurn(bench, upstream, { ...turn, load }, idleBytes);
  return { memory };
}

/** A row with what was measured apart from it, under the same load, and why that failed if it did. */
function withFigures(row: Row, apart: readonly Row[]): Row {
  const beside = apart.filter(({ contender, load }) =>
    contender === row.contender && load === row.load
  );
  const more = beside.map(({ figures }) => figures);
  const failure = row.failure ?? beside.find(({ failure }) => failure !== undefined)?.failure;
  return {
    ...row,
    rounds: row.rounds.map((figures, index) => ({ ...figures, ...more[index] })),
    figures: { ...row.figures, ...medians(more) },
    ...(failure !== undefined && { failure }),
  };
}

/** Events lost are a sum: no median may hide them. */
function withAllLost(row: Row): Row {
  const lost = row.rounds.reduce((sum, round) => sum + (round["lost"] ?? 0), 0);
  return row.rounds.length === 0 ? row : { ...row, figures: { ...row.figures, lost } };
}

/** Not counted: until then, a JavaScript engine has not compiled what it runs often. */
const WARM_UP: StreamCount = { name: "warm-up", streams: 20, events: 50 };

async function measureTurn(
  { seconds, cores }: Bench,
  upstream: EventUpstream,
  { contender, running, load }: Turn<StreamCount>,
  idleBytes?: number,
): Promise<Figures> {
  const { streams, bodyBytes = BODY_BYTES } = load;
  if (streams > (contender.mostStreams ?? Infinity)) {
    throw new Error(
      `left out, because it takes too long to open over ${contender.mostStreams} streams`,
    );
  }
  const intervalMs = intervalFor(load, contender.eventsPerSecond);
  const events = load.events ?? Math.max(1, Math.round(seconds * 1000 / intervalMs));
  const figures = await measureStreams(running, {
    ...{ upstream, streams, events, intervalMs, bodyBytes, cores: cores.load },
    idleBytes,
  });
  return { rate: streams * 1000 / intervalMs, ...figures };
}
