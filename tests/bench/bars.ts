import { HTTP2, PLAIN } from "./works/http2_upstream.ts";
import { WITH_ENTRA } from "./works/cold_start.ts";
import type { Table } from "./works/work.ts";

/** A promise about this proxy, and what was measured. */
export interface Bar {
  readonly promise: string;
  /** What it comes to; absent where the run did not measure it. */
  readonly figure?: number;
  readonly limit: number;
  /** Whether the figure may not exceed the limit, or must reach it. */
  readonly kind: "at most" | "at least";
  readonly unit: string;
}

/** Milliseconds that TLS to the upstream and the server in front of it may add to an event. */
const FRONT = 1;

/** Whether a bar was hit. */
export function verdict({ figure, limit, kind }: Bar): "hit" | "missed" | "not measured" {
  if (figure === undefined) return "not measured";
  return (kind === "at most" ? figure <= limit : figure >= limit) ? "hit" : "missed";
}

/** What this proxy promises, against what was measured. */
export function bars(tables: readonly Table[]): Bar[] {
  const of = (work: string, load: string, contender: string, key: string) =>
    tables.find((table) => table.work === work)?.rows
      .find((row) => row.load === load && row.contender === contender)?.figures[key];
  const besidePortkey = (contender: string) =>
    ratio(
      of("1", "64 connections", contender, "rate"),
      of("1", "64 connections", "portkey", "rate"),
    );
  const promises: [string, Bar["kind"], number, string, number | undefined][] = [
    [
      "CPU an event, against nginx, the worst of 100 streams and more",
      ...["at most", 1.25, "×"] as const,
      worstEventRatio(tables),
    ],
    ["events lost, in all works", "at most", 0, "", eventsLost(tables)],
    [
      "CPU a small request, 16 connections",
      ...["at most", 120, "µs"] as const,
      of("1", "16 connections", "proxy", "cpu"),
    ],
    ["requests/s against Portkey's gateway, 1 worker", "at least", 10, "×", besidePortkey("proxy")],
    [
      "requests/s against Portkey's gateway, auto",
      "at least",
      10,
      "×",
      besidePortkey("proxy-auto"),
    ],
    [
      "event latency p50, an HTTP/2 upstream against a plain one",
      ...["at most", FRONT, "ms more"] as const,
      difference(of("5", HTTP2, "proxy", "p50"), of("5", PLAIN, "proxy", "p50")),
    ],
    ["cold start, api_key", "at most", 250, "ms", of("6", "start", "proxy", "start")],
    ["cold start, Entra ID", "at most", 250, "ms", of("6", "start", WITH_ENTRA, "start")],
    ["memory a stream, at the most streams", "at most", 130, "kB", memoryAStream(tables)],
  ];
  return promises.map(([promise, kind, limit, unit, figure]) => ({
    ...{ promise, kind, limit, unit },
    ...(figure !== undefined && { figure }),
  }));
}

function worstEventRatio(tables: readonly Table[]): number | undefined {
  const rows = tables.find(({ work }) => work === "2")?.rows ?? [];
  const ratios = rows.filter(({ contender, figures }) =>
    contender === "proxy" && figures["memory"] !== undefined
  ).map((row) => {
    const beside = rows.find(({ load, contender }) => contender === "nginx" && load === row.load);
    return ratio(row.figures["cpu"], beside?.figures["cpu"]);
  }).filter((value) => value !== undefined);
  return ratios.length === 0 ? undefined : Math.max(...ratios);
}

function eventsLost(tables: readonly Table[]): number | undefined {
  const lost = tables.flatMap(({ rows }) => rows).filter(({ contender }) =>
    contender === "proxy" || contender === "proxy-auto"
  ).flatMap(({ rounds }) => rounds.map(({ lost }) => lost)).filter((value) => value !== undefined);
  return lost.length === 0 ? undefined : lost.reduce((sum, value) => sum + value, 0);
}

function memoryAStream(tables: readonly Table[]): number | undefined {
  const rows = tables.find(({ work }) => work === "2")?.rows ?? [];
  return rows.filter(({ contender }) => contender === "proxy").at(-1)?.figures["memory"];
}

function ratio(one?: number, other?: number): number | undefined {
  return one === undefined || !other ? undefined : one / other;
}

function difference(one?: number, other?: number): number | undefined {
  return one === undefined || other === undefined ? undefined : one - other;
}
