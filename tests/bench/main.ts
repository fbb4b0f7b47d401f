/**
 * `deno task bench [rounds] [seconds]`: the same load straight to an upstream, and to it through the
 * proxy with one worker and with two. It needs Linux and `wrk` (apt-get install wrk).
 */
import { fileURLToPath } from "node:url";
import { freePort } from "../kit/free_port.ts";
import { EVENT_BYTES } from "./upstream.ts";
import { type LoadOptions, wrk } from "./wrk.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Of `/proc/PID/stat`, on every Linux. */
const MICROSECONDS_A_TICK = 10_000;

const [rounds = 5, seconds = 4] = Deno.args.map(Number);
const REQUESTS: LoadOptions = { method: "POST", connections: 50, seconds };
const STREAMS: LoadOptions = { method: "GET", connections: 400, seconds };

/** Something to send requests to, in a process of its own. */
interface Target {
  readonly name: string;
  readonly url: string;
  readonly process: Deno.ChildProcess;
}

/** What one round measured of one target. */
interface Figures {
  readonly requests: number;
  readonly p50: number;
  readonly p99: number;
  readonly requestCpu: number;
  readonly events: number;
  readonly eventCpu: number;
}

const targets = await start();
try {
  const measured = new Map(targets.map(({ name }) => [name, [] as Figures[]]));
  for (let round = 1; round <= rounds; round++) {
    for (const target of targets) {
      console.error(`round ${round} of ${rounds}: ${target.name}`);
      measured.get(target.name)?.push(await measure(target));
    }
  }
  print(measured);
} finally {
  for (const { process } of targets) process.kill("SIGKILL");
}

async function start(): Promise<Target[]> {
  const process = spawn(["tests/bench/upstream.ts"], "piped");
  const { value } = await process.stdout.pipeThrough(new TextDecoderStream()).getReader().read();
  const url = `http://127.0.0.1:${value?.trim()}`;
  const proxies = [1, 2].map((workers) => startProxy(workers, url));
  return [{ name: "straight", url, process }, ...await Promise.all(proxies)];
}

async function startProxy(workers: number, upstreamUrl: string): Promise<Target> {
  const port = freePort();
  const process = spawn([
    ...["main.ts", "--bind-address", "127.0.0.1", "--port", `${port}`, "--workers", `${workers}`],
    ...["--upstream-url", upstreamUrl, "--client-api-key", "client-key"],
    ...["--upstream-auth-type", "api_key", "--upstream-api-key", "upstream-key"],
  ], "null");
  const url = `http://127.0.0.1:${port}`;
  while (!await isReady(url)) await new Promise((resolve) => setTimeout(resolve, 50));
  return { name: `proxy, ${workers} worker${workers > 1 ? "s" : ""}`, url, process };
}

function spawn(args: string[], stdout: "piped" | "null"): Deno.ChildProcess {
  const command = ["run", "--no-prompt", "--allow-net", "--allow-read", ...args];
  return new Deno.Command(Deno.execPath(), { args: command, cwd: ROOT, stdout }).spawn();
}

async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/readyz`).catch(() => undefined);
  await response?.body?.cancel();
  return response?.status === 200;
}

async function measure({ url, process: { pid } }: Target): Promise<Figures> {
  const before = cpuMicroseconds(pid);
  const requests = await wrk(`${url}/v1/messages`, REQUESTS);
  const between = cpuMicroseconds(pid);
  const streams = await wrk(`${url}/v1/messages`, STREAMS);
  const after = cpuMicroseconds(pid);
  const events = streams.bytes / EVENT_BYTES;
  return {
    requests: requests.rate,
    p50: requests.p50,
    p99: requests.p99,
    requestCpu: (between - before) / requests.count,
    events,
    eventCpu: (after - between) / (events * seconds),
  };
}

/** Processor time a process has used so far, all threads, user and system. */
function cpuMicroseconds(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_A_TICK;
}

function print(measured: ReadonlyMap<string, readonly Figures[]>): void {
  const columns: [title: string, key: keyof Figures, digits: number][] = [
    ["requests/s", "requests", 0],
    ["p50 ms", "p50", 1],
    ["p99 ms", "p99", 1],
    ["CPU µs/request", "requestCpu", 0],
    ["events/s", "events", 0],
    ["CPU µs/event", "eventCpu", 0],
  ];
  const cell = (text: string) => text.padStart(16);
  console.log(`\n${"".padEnd(18)}${columns.map(([title]) => cell(title)).join("")}`);
  for (const [name, figures] of measured) {
    const cells = columns.map(([, key, digits]) =>
      cell(median(figures.map((figure) => figure[key])).toFixed(digits))
    );
    console.log(`${name.padEnd(18)}${cells.join("")}`);
  }
  console.log(`
Medians of ${rounds} rounds of ${seconds} s on ${navigator.hardwareConcurrency} cores, the rows taking turns.
Requests: POSTs of 1 KB over ${REQUESTS.connections} connections. Events: ${STREAMS.connections} streams whose events the upstream
sends one by one, as fast as it gets round them all. CPU is what the row's own process used: the
upstream for "straight", else the proxy. The load generator and the upstream want cores as well:
where they take them from the workers, compare CPU, not rates.`);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
