/**
 * `deno task bench:readme`: writes the figures of the last full run into README.md, between the
 * markers of its section "Benchmarks".
 *
 * @module
 */
import { renderBars } from "./report.ts";
import { format, lastResults, type Results } from "./results.ts";
import { formatted, markdownTable, NO_FIGURE } from "./table.ts";
import type { Figures } from "./stats.ts";

const README = new URL("../../README.md", import.meta.url);
const BEGIN = "<!-- benchmarks -->";
const END = "<!-- /benchmarks -->";

/** A line of the table: a figure of one work under one load. */
interface Quoted {
  readonly title: string;
  readonly work: string;
  readonly load: string;
  readonly key: string;
  readonly digits: number;
}

const QUOTED: readonly Quoted[] = [
  {
    ...{ title: "requests/s, 64 connections", work: "1", load: "64 connections" },
    ...{ key: "rate", digits: 0 },
  },
  {
    ...{ title: "CPU µs a small request", work: "1", load: "16 connections" },
    ...{ key: "cpu", digits: 0 },
  },
  {
    ...{ title: "added latency of one request, p50 ms", work: "1", load: "1 connection" },
    ...{ key: "added_p50", digits: 2 },
  },
  {
    ...{ title: "CPU µs an event, 500 streams", work: "2", load: "500 streams" },
    ...{ key: "cpu", digits: 1 },
  },
  {
    ...{ title: "added event latency, 500 streams, p50 ms", work: "2", load: "500 streams" },
    ...{ key: "added_p50", digits: 2 },
  },
  {
    ...{ title: "kB a stream, 2,000 streams", work: "2", load: "2,000 streams" },
    ...{ key: "memory", digits: 0 },
  },
  {
    ...{ title: "CPU µs a Claude Code request, 76 kB", work: "3", load: "50 requests" },
    ...{ key: "beginCpu", digits: 0 },
  },
  {
    ...{ title: "peak MiB while 32 MiB go up", work: "4", load: "up" },
    ...{ key: "peak", digits: 0 },
  },
  {
    ...{ title: "cold start, ms", work: "6", load: "start" },
    ...{ key: "start", digits: 0 },
  },
];
/** Left out of the README: what is no alternative. */
const UNQUOTED = ["straight", "proxy-auto", "bare-deno"];

/** What stands between the markers. */
export function readmeBlock(results: Results): string {
  const { date, machine, rounds, seconds, command, entries } = results;
  const shown = entries.filter(({ key, missing }) =>
    missing === undefined && !UNQUOTED.includes(key)
  );
  const rows = QUOTED.map((quoted) => [
    quoted.title,
    ...shown.map(({ key }) => {
      return formatted(figuresOf(results, quoted, key)[quoted.key], quoted.digits);
    }),
  ]).filter(([, ...figures]) => figures.some((figure) => figure !== NO_FIGURE));
  const versions = shown.filter(({ version }) => version).map(({ name, version }) =>
    `${name} ${version}`
  );
  const missing = entries.filter(({ missing }) => missing !== undefined).map(({ name, missing }) =>
    `${name} did not take part: ${missing}.`
  );
  const day = date.slice(0, 10);
  return [
    `Made by \`${command}\` on ${day}: medians of ${rounds} rounds of ${seconds} s on ` +
    `${machine.cores} cores of ${machine.cpu}, each contender on one core, auto on all; all figures are in ` +
    `[tests/bench/results/${day}.md](tests/bench/results/${day}.md). ` +
    `${versions.join("; ")}. ${missing.join(" ")}`.trim(),
    markdownTable(["", ...shown.map(({ name }) => name)], rows),
    renderBars(results.bars),
  ].join("\n\n");
}

/**
 * Puts a text between the markers.
 *
 * @throws {Error} when the README lacks them
 */
export function withBlock(readme: string, block: string): string {
  const [start, stop] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (start < 0 || stop < start) throw new Error(`Expected the markers ${BEGIN} and ${END}`);
  return `${readme.slice(0, start)}${BEGIN}\n\n${block}\n\n${readme.slice(stop)}`;
}

function figuresOf({ tables }: Results, { work, load }: Quoted, contender: string): Figures {
  const rows = tables.find((table) => table.work === work)?.rows ?? [];
  return rows.find((row) => row.load === load && row.contender === contender)?.figures ?? {};
}

if (import.meta.main) {
  const block = readmeBlock(await lastResults());
  await Deno.writeTextFile(README, withBlock(await Deno.readTextFile(README), block));
  await format([README.pathname]);
}
