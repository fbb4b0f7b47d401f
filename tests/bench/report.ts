import { type Bar, verdict } from "./bars.ts";
import type { Entry, Results } from "./results.ts";
import { formatted, markdownTable, renderTable } from "./table.ts";
import type { Table } from "./works/work.ts";

/** How to read the tables. */
const READING = `
- Every figure is the median of the rounds. In each round the contenders take turns under the same
  load, so that what disturbs the machine disturbs all of them.
- "Straight" is the load generator and the upstream with nothing in between: the floor of the
  latencies, and the most requests that could be measured at all. "Added" is a contender's latency
  less that of "straight"; where it is within a few hundredths of a millisecond of 0, or below, it
  is chance.
- CPU is what all processes of the contender used, user and system, by the kernel's accounting; it
  depends least on what else runs, though a contender that other programs keep waiting reads several
  events at once and looks cheaper. Part of the kernel's work for a connection is booked on whoever
  happens to run, the load included.
- Connections that are kept busy measure latency with the contender's core full, so the latency of
  16 and 64 connections is mostly queueing, and follows from the rate. That of 1 connection is what a
  single request feels.
- A JavaScript engine gives up most of what it has compiled where it has nothing to do for half a
  minute, as while the others take their turns. So small requests are sent for as long again before
  they are measured: the figures are those of a contender at work, and the first seconds after a pause
  cost up to twice as much.
- "load core %" is how busy the load generator and the upstream were: from about 90 on they measure
  themselves.
- A contender with fewer events/s than the others under the same load was given only as many as it
  keeps up with; more would have measured its queue.
- "lost in all" are events that did not come, of all rounds together.
- kB/stream is memory (PSS) with all streams open, less that of the idle contender, by the number of
  streams. For each number a contender is started anew, because memory that streams have used may be
  kept for later ones.`.trim();

/** A run as Markdown. */
export function renderReport(results: Results): string {
  const { date, rounds, seconds, pinning, machine, tools, entries, tables, command } = results;
  const { loadAverages } = results;
  return [
    `# Benchmark of ${date.slice(0, 10)}`,
    `\`${command}\``,
    `- Machine: ${machine.cores} cores of ${machine.cpu}, ${machine.memory} GiB, Linux ` +
    `${machine.kernel}.\n` +
    `- Load average before the run, and after each work: ${
      loadAverages.join(", ")
    }. The run itself ` +
    "makes about 2: with much more, other programs took turns on its cores: measure again.\n" +
    `- ${rounds} rounds of ${seconds} s. ${pinning}\n` +
    `- Made with ${
      Object.entries(tools).map(([name, version]) => `${name} ${version}`).join(", ")
    }.`,
    "## Contenders",
    entries.map(renderEntry).join("\n"),
    "## How to read this",
    READING,
    "## Promises",
    renderBars(results.bars),
    ...tables.flatMap(renderWork),
  ].join("\n\n") + "\n";
}

/** A work with its description, table and failures. */
export function renderWork(table: Table): string[] {
  const failures = table.rows.filter(({ failure }) => failure !== undefined).map((row) =>
    `- ${row.name}, ${row.load}: ${row.failure?.replaceAll(/\s+/g, " ")}`
  );
  return [
    `## ${table.work}. ${table.title}`,
    table.description,
    renderTable(table),
    ...(failures.length > 0
      ? [`Without figures, or not in every round:\n\n${failures.join("\n")}`]
      : []),
  ];
}

/** What was promised and what was measured. */
export function renderBars(bars: readonly Bar[]): string {
  const rows = bars.map((bar) => [
    bar.promise,
    `${bar.kind} ${bar.limit} ${bar.unit}`.trim(),
    formatted(bar.figure, Number.isInteger(bar.figure) ? 0 : 2),
    verdict(bar),
  ]);
  return markdownTable(["Promise", "Bar", "Measured", "Verdict"], rows);
}

function renderEntry({ name, version, settings, missing }: Entry): string {
  if (missing !== undefined) return `- **${name}**: did not take part: ${missing}`;
  return `- **${name}**${version ? ` ${version}` : ""}: ${settings}.`;
}
