import { fileURLToPath } from "node:url";
import type { NeededProgram } from "../../kit/process/programs.ts";
import type { Target } from "../contenders/contender.ts";
import { onCores } from "../machine/cores.ts";

/** The load generator of small requests. */
export const WRK: NeededProgram = { program: "wrk", install: "apt-get install wrk" };

const SCRIPT = fileURLToPath(new URL("./post.lua", import.meta.url));

/** What `wrk` measured. */
export interface Load {
  /** Requests answered. */
  readonly count: number;
  /** Requests answered a second. */
  readonly rate: number;
  /** Median latency, in milliseconds. */
  readonly p50: number;
  /** Latency, in milliseconds. */
  readonly p99: number;
}

/** How hard `wrk` tries. */
export interface LoadOptions {
  /** Each is kept busy with one request after another. */
  readonly connections: number;
  readonly seconds: number;
  /** Bytes of each request's body. */
  readonly bodyBytes: number;
  /** As `taskset -c` takes them. */
  readonly cores: string | undefined;
}

/**
 * Runs `wrk` with POSTs.
 *
 * @throws {Error} when a response was no success or a connection failed: such figures say nothing
 */
export async function wrk(target: Target, options: LoadOptions): Promise<Load> {
  const { connections, seconds, bodyBytes, cores } = options;
  const [program = "", ...args] = onCores(cores, [
    ...["wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "30s", "-s", SCRIPT],
    ...[target.url + target.path, "--", `${bodyBytes}`, ...Object.entries(target.headers).flat()],
  ]);
  const { stdout, stderr } = await new Deno.Command(program, { args }).output();
  const text = new TextDecoder().decode(stdout);
  const { failures, count, microseconds, p50, p99 } = parseFigures(text);
  if (failures !== 0) {
    throw new Error(`wrk met failures: ${text}${new TextDecoder().decode(stderr)}`);
  }
  return { count, rate: count * 1e6 / microseconds, p50: p50 / 1000, p99: p99 / 1000 };
}

/** What `post.lua` prints. */
function parseFigures(text: string) {
  const line = /^\{.*\}$/m.exec(text)?.[0];
  if (line === undefined) throw new Error(`Expected figures of wrk, got ${text}`);
  return JSON.parse(line) as Record<
    "count" | "microseconds" | "p50" | "p99" | "failures",
    number
  >;
}
