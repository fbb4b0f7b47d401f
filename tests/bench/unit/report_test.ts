import assert from "node:assert/strict";
import { bars, verdict } from "../bars.ts";

import { readmeBlock, withBlock } from "../readme.ts";
import { renderReport } from "../report.ts";
import type { Results } from "../results.ts";
import type { Figures } from "../stats.ts";
import { formatted, renderTable } from "../table.ts";
import { withAdded } from "../works/against_straight.ts";
import type { Row, Table } from "../works/work.ts";

function row(contender: string, load: string, figures: Figures): Row {
  return { contender, name: contender.toUpperCase(), load, figures, rounds: [figures] };
}

const POSTS: Table = {
  work: "1",
  title: "Small requests",
  description: "POSTs.",
  columns: [
    { key: "rate", title: "requests/s", digits: 0 },
    { key: "cpu", title: "CPU µs", digits: 1 },
    { key: "never", title: "never measured", digits: 1 },
  ],
  rows: [
    row("nginx", "16 connections", { rate: 43210.4, cpu: 22 }),
    row("proxy", "16 connections", { rate: 8000, cpu: 120 }),
    row("portkey", "64 connections", { rate: 800 }),
    row("proxy", "64 connections", { rate: 7000 }),
    row("proxy-auto", "64 connections", { rate: 8000 }),
    { ...row("litellm", "16 connections", {}), failure: "it ended:\n no more" },
  ],
};

const STREAMS: Table = {
  ...POSTS,
  work: "2",
  rows: [
    row("nginx", "1 stream", { cpu: 50 }),
    row("proxy", "1 stream", { cpu: 90, lost: 0 }),
    row("nginx", "100 streams", { cpu: 10, memory: 18 }),
    row("proxy", "100 streams", { cpu: 12, memory: 90, lost: 1 }),
    row("nginx", "500 streams", { cpu: 10, memory: 18 }),
    row("proxy", "500 streams", { cpu: 13, memory: 131, lost: 0 }),
  ],
};

const RESULTS: Results = {
  date: "2026-11-24T10:00:00.000Z",
  command: "deno task bench",
  full: true,
  rounds: 5,
  seconds: 2,
  pinning: "Nothing is pinned.",
  machine: { cores: 2, cpu: "A CPU", kernel: "6.1", memory: 24 },
  loadAverages: [0.1, 2],
  tools: { wrk: "4.1" },
  entries: [
    { key: "nginx", name: "NGINX", version: "1.22", settings: "one worker" },
    { key: "proxy", name: "PROXY", settings: "defaults" },
    { key: "haproxy", name: "HAPROXY", settings: "", missing: "not installed" },
  ],
  tables: [POSTS, STREAMS],
  bars: bars([POSTS, STREAMS]),
};

Deno.test("a table shows figures as Markdown, and no column without any", () => {
  assert.equal(
    renderTable({ ...POSTS, rows: POSTS.rows.slice(0, 2) }),
    `
| Load           | Contender | requests/s | CPU µs |
| -------------- | --------- | ---------- | ------ |
| 16 connections | NGINX     | 43,210     | 22.0   |
| 16 connections | PROXY     | 8,000      | 120.0  |`.trimStart(),
  );
  assert.match(renderTable(POSTS), /LITELLM +\| no figure +\| – +\|$/m);
  assert.equal(formatted(undefined, 1), "–");
  assert.equal(formatted(-0.001, 2), "0.00", "not -0.00");
});

Deno.test("added latency is over the straight row of the same load", () => {
  const rows = withAdded([
    row("straight", "1", { p50: 1 }),
    row("straight", "2", { p50: 2 }),
    row("proxy", "2", { p50: 5 }),
    row("proxy", "3", { p50: 9 }),
    row("broken", "2", {}),
  ], ["p50"]);
  assert.deepEqual(rows.map(({ figures }) => figures["added_p50"]), [
    ...[undefined, undefined, 3, undefined, undefined],
  ]);
});

Deno.test("bars are hit at their limit, missed past it, and not judged without a figure", () => {
  const judged = bars([POSTS, STREAMS]).map((bar) => [bar.figure, verdict(bar)]);
  assert.deepEqual(judged, [
    [1.3, "missed"], // The worst of many streams; one stream does not count.
    [1, "missed"],
    [120, "hit"],
    [8.75, "missed"],
    [10, "hit"],
    [undefined, "not measured"],
    [undefined, "not measured"],
    [undefined, "not measured"],
    [131, "missed"],
  ]);
  const bar = { promise: "", limit: 10, kind: "at least", unit: "" } as const;
  assert.equal(verdict({ ...bar, figure: 10 }), "hit");
  assert.equal(verdict({ ...bar, figure: 9.9 }), "missed");
});

Deno.test("a report names machine, command, every contender and every failure", () => {
  const report = renderReport(RESULTS);
  for (
    const part of [
      "# Benchmark of 2026-11-24\n\n`deno task bench`",
      "2 cores of A CPU, 24 GiB, Linux 6.1.\n- Load average before the run, and after each work: 0.1, 2.",
      "- **NGINX** 1.22: one worker.",
      "- **HAPROXY**: did not take part: not installed",
      "- LITELLM, 16 connections: it ended: no more",
      "## 2. Small requests",
    ]
  ) assert.ok(report.includes(part), `${part} is missing in ${report}`);
});

Deno.test("the README's block quotes those that took part, and takes the old one's place", () => {
  const block = readmeBlock(RESULTS);
  assert.match(block, /^\| +\| NGINX \| PROXY \|$/m);
  assert.match(block, /^\| CPU µs a small request +\| 22 +\| 120 +\|$/m);
  assert.match(block, /HAPROXY did not take part: not installed\./);
  const readme = "a\n<!-- benchmarks -->\nold\n<!-- /benchmarks -->\nb";
  assert.equal(
    withBlock(readme, "new"),
    "a\n<!-- benchmarks -->\n\nnew\n\n<!-- /benchmarks -->\nb",
  );
  assert.throws(() => withBlock("no markers", "new"), /Expected the markers/);
});
