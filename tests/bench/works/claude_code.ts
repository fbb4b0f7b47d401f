import { measureEventStreams } from "./event_streams.ts";
import type { Work } from "./work.ts";

const EVENTS = 300;
/** Milliseconds between two events of a stream. */
const INTERVAL = 5;
const BODY_BYTES = 76_000;
const STREAMS = 50;

/** Work 3. */
export const claudeCode: Work = {
  key: "3",
  title: "The size of Claude Code",
  run: async (bench) => [{
    work: "3",
    title: "The size of Claude Code",
    description: `${STREAMS} requests at a time of ${BODY_BYTES} bytes, each answered with ` +
      `${EVENTS} events, 200 a second (fewer for a contender that cannot keep up).`,
    columns: [
      { key: "beginCpu", title: "CPU µs/request", digits: 0 },
      { key: "cpu", title: "CPU µs/event", digits: 1 },
      { key: "ttfbP50", title: "first byte p50 ms", digits: 1 },
      { key: "ttfbP99", title: "first byte p99 ms", digits: 1 },
      { key: "added_p50", title: "added p50 ms", digits: 2 },
      { key: "added_p99", title: "added p99 ms", digits: 2 },
      { key: "lost", title: "lost in all", digits: 0 },
    ],
    rows: await measureEventStreams(bench, bench.contenders, [{
      name: `${STREAMS} requests`,
      streams: STREAMS,
      intervalMs: INTERVAL,
      events: EVENTS,
      bodyBytes: BODY_BYTES,
    }]),
  }],
};
