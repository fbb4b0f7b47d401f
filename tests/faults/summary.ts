import type { Result } from "./attempt.ts";
import { BEHAVIOUR_NAMES, type BehaviourName } from "./behaviours.ts";
import type { BeforeAfter, Run } from "./run.ts";

const ENDINGS = [
  "exact",
  "502",
  "504",
  "cut",
  "unanswered",
  "cancelled",
  "wrong",
  "hung",
] as const satisfies Result["ending"][];
const MEBIBYTE = 1024 * 1024;

/** A table of how requests ended, a row a behaviour, and the process at rest before and after. */
export function summary({ results, excuses, rss, descriptors }: Run): string {
  const rows = BEHAVIOUR_NAMES.map((name) => row(name, results.filter(isOf(name))));
  const header = ["behaviour", "requests", ...ENDINGS, "p99 ms"];
  return [
    ...[header, ...rows, row("all", results)].map(line),
    "",
    ...byReason(excuses),
    `resident memory, MiB: ${mebibytes(rss)}`,
    `descriptors: ${descriptors.before} before, ${descriptors.after} after`,
  ].join("\n");
}

function isOf(name: BehaviourName): (result: Result) => boolean {
  return ({ plan }) => plan.behaviour === name;
}

function row(name: string, results: readonly Result[]): string[] {
  const counts = ENDINGS.map((wanted) => results.filter(({ ending }) => ending === wanted).length);
  const times = results
    .filter(({ ending }) => ending !== "cancelled")
    .map(({ started, ended }) => ended - started)
    .toSorted((one, other) => one - other);
  const p99 = times[Math.ceil(times.length * 0.99) - 1];
  return [name, results.length, ...counts, p99 === undefined ? "" : Math.round(p99)]
    .map((cell) => cell === 0 ? "" : String(cell));
}

function line([name = "", ...cells]: readonly string[]): string {
  return name.padEnd(14) + cells.map((cell) => cell.padStart(11)).join("");
}

function byReason(excuses: ReadonlyMap<number, string>): string[] {
  const groups = Object.groupBy(excuses.values(), (reason) => reason);
  return Object.entries(groups).map(([reason, all]) =>
    `502 for a reason, ${reason}: ${all?.length}`
  );
}

function mebibytes({ before, after }: BeforeAfter): string {
  return `${Math.round(before / MEBIBYTE)} before, ${Math.round(after / MEBIBYTE)} after`;
}
