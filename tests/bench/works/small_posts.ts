import type { Contender } from "../contenders/contender.ts";
import { wrk } from "../load/wrk.ts";
import { cpuMicroseconds, cpuTimes } from "../machine/cpu_time.ts";
import type { Figures } from "../stats.ts";
import { ANSWER_BYTES, startOrigin } from "../upstream/origin.ts";
import { withAdded } from "./against_straight.ts";
import { Field, type NamedLoad, startDirectory, type Turn } from "./field.ts";
import type { Bench, Column, Row, Work } from "./work.ts";

const BODY_BYTES = 2000;

/** Columns of small requests. */
export const POST_COLUMNS: readonly Column[] = [
  { key: "rate", title: "requests/s", digits: 0 },
  { key: "cpu", title: "CPU µs/request", digits: 1 },
  { key: "p50", title: "p50 ms", digits: 3 },
  { key: "added_p50", title: "added p50 ms", digits: 3 },
  { key: "p99", title: "p99 ms", digits: 3 },
  { key: "added_p99", title: "added p99 ms", digits: 3 },
];

/** A number of connections, each kept busy. */
export interface PostLoad extends NamedLoad {
  readonly connections: number;
}

/** Loads by number of connections. */
export function postLoads(connections: readonly number[]): PostLoad[] {
  return connections.map((count) => ({
    name: `${count} connection${count > 1 ? "s" : ""}`,
    connections: count,
  }));
}

/** Work 1. */
export const smallPosts: Work = {
  key: "1",
  title: "Small requests",
  run: async (bench) => [{
    work: "1",
    title: "Small requests",
    description: `POSTs of ${BODY_BYTES} bytes, answered by nginx with ${ANSWER_BYTES}, over ` +
      `connections that wrk keeps busy for ${bench.seconds} s, and for as long before that.`,
    columns: POST_COLUMNS,
    rows: await measurePosts(bench, bench.contenders, postLoads([1, 16, 64])),
  }],
};

/**
 * Starts an upstream and the contenders, and measures small requests. What comes first in a turn is not
 * counted: V8 has given up most of what it had compiled, where a contender had nothing to do while all
 * others took their turns.
 *
 * @param field what the contenders are started with
 */
export async function measurePosts(
  bench: Bench,
  contenders: readonly Contender[],
  loads: readonly PostLoad[],
  field: Omit<Parameters<typeof Field.start>[2], "upstreamUrl"> = {},
): Promise<Row[]> {
  using directory = startDirectory();
  await using origin = await startOrigin(directory.path, bench.cores.load);
  const upstreamUrl = origin.target.url;
  await using started = await Field.start(bench, contenders, { ...field, upstreamUrl });
  const rows = await started.takeTurns(loads, async (turn) => {
    await measurePost(bench, turn);
    return await measurePost(bench, turn);
  });
  return withAdded(rows, ["p50", "p99"]);
}

async function measurePost(
  { seconds, cores }: Bench,
  { running: { target, pid }, load: { connections } }: Turn<PostLoad>,
): Promise<Figures> {
  const before = pid === undefined ? undefined : cpuTimes(pid);
  const options = { connections, seconds, bodyBytes: BODY_BYTES, cores: cores.load };
  const { rate, p50, p99, count } = await wrk(target, options);
  const cpu = before && pid !== undefined
    ? cpuMicroseconds(before, cpuTimes(pid)) / count
    : undefined;
  return { rate, p50, p99, cpu };
}
