import { adminUrl, metric } from "../kit/process/admin.ts";
import { settled, steady } from "../kit/process/process_watch.ts";
import { ProxyProcess } from "../kit/process/proxy_process.ts";
import { SeededRandom } from "../kit/random/seeded_random.ts";
import type { Result } from "./attempt.ts";
import { Clients } from "./clients.ts";
import { atRate } from "./rate.ts";
import { Outages } from "./outages.ts";
import { type Planned, schedule } from "./schedule.ts";
import { UpstreamProcess } from "./upstream_process.ts";
import { complaints, type Evidence, excuse, type Logged } from "./verdict.ts";

/** How a run goes. */
export interface RunOptions {
  readonly seed: number;
  /** Seconds for which new requests are made. */
  readonly seconds: number;
  /** New requests a second. */
  readonly rate: number;
  /** The proxy's `upstream_header_timeout`, in seconds. */
  readonly headerTimeout: number;
  /** Whether V8 and the allocator give back what is free, so that resident memory is what is in use. */
  readonly giveBack: boolean;
}

/** A figure of the proxy's process at rest. */
export interface BeforeAfter {
  readonly before: number;
  readonly after: number;
}

/** How a run went. */
export interface Run {
  readonly results: readonly Result[];
  /** Why requests ended worse than their own behaviour explains, by id. */
  readonly excuses: ReadonlyMap<number, string>;
  /** Everything that should not be; empty where the proxy held. */
  readonly complaints: readonly string[];
  /** Resident memory in bytes. */
  readonly rss: BeforeAfter;
  readonly descriptors: BeforeAfter;
}

const MEBIBYTE = 1024 * 1024;
/**
 * Has V8 collect all garbage whenever it collects any, and glibc give back every larger block that is
 * freed, so that what a run leaves behind is not hidden among what either keeps for later. Growth is
 * in bytes of resident memory.
 */
const GIVING_BACK = {
  env: {
    DENO_V8_FLAGS: "--gc-global,--max-semi-space-size=1",
    MALLOC_MMAP_THRESHOLD_: "65536",
    MALLOC_TRIM_THRESHOLD_: "65536",
  },
  allowedGrowth: 24 * MEBIBYTE,
};
/**
 * As users run it. V8's heaps and the allocator then take thousands of requests to find their level;
 * whether it stays there is what the soak tells.
 */
const AS_IT_IS = { env: {}, allowedGrowth: 192 * MEBIBYTE };
/** Milliseconds beyond the header timeout and what the upstream takes, on a busy machine. */
const SLACK_MS = 20_000;
/** Milliseconds for descriptors and memory to go back. */
const SETTLE_MS = 30_000;

/** Runs the program between clients and an upstream that fails in every way. */
export async function runFaults(options: RunOptions): Promise<Run> {
  const { env, allowedGrowth } = options.giveBack ? GIVING_BACK : AS_IT_IS;
  await using upstream = await UpstreamProcess.start();
  await using proxy = await ProxyProcess.start({
    upstreamUrl: upstream.url,
    args: ["--admin-port", "0", "--upstream-header-timeout", `${options.headerTimeout}`],
    env,
  });
  const outages = new Outages(upstream);
  const clients = new Clients(proxy.port, options.headerTimeout * 1000 + SLACK_MS);

  const linesBefore = proxy.stdout.length;
  await clients.warmUp(options.seed);
  await upstream.hangUp();
  const descriptorsBefore = await steady(() => proxy.fdCount());
  const rssBefore = proxy.rssBytes();
  const results = await load(options, clients, outages);
  clients.close();
  await upstream.hangUp();
  const descriptors = {
    before: descriptorsBefore,
    after: await settled(() => proxy.fdCount(), (now) => now <= descriptorsBefore, SETTLE_MS),
  };
  const rssAllowed = rssBefore + allowedGrowth;
  const rss = {
    before: rssBefore,
    after: await settled(() => proxy.rssBytes(), (now) => now < rssAllowed, SETTLE_MS),
  };

  const { requests, violations } = await upstream.report();
  const arrived = new Map(requests);
  const logged = new AccessLog(proxy);
  await settled(() => logged.missing(results), (count) => count === 0, SETTLE_MS);
  const evidence = ({ plan: { id } }: Result): Evidence => ({
    arrived: arrived.get(id),
    outages,
    logged: logged.of(id),
  });
  const excuses = results.map((result) => [result.plan.id, excuse(result, evidence(result))]);
  return {
    results,
    excuses: new Map(excuses.filter((entry): entry is [number, string] => entry[1] !== undefined)),
    complaints: [
      ...results.flatMap((result) => complaints(result, evidence(result))),
      ...violations.map((violation) => `upstream: ${violation}`),
      ...atRest(descriptors, rss, rssAllowed),
      ...printed(proxy, linesBefore),
      ...await counted(proxy),
    ],
    rss,
    descriptors,
  };
}

async function load(
  { seconds, rate, seed }: RunOptions,
  clients: Clients,
  outages: Outages,
): Promise<Result[]> {
  const make = (planned: Planned) => {
    const { behaviour, pauseMs } = planned.plan;
    if (behaviour !== "refuse") return clients.make(planned);
    return outages.during(pauseMs, () => clients.make(planned));
  };
  const planned = schedule(new SeededRandom(seed));
  return await atRate(rate, seconds * rate, () => make(planned.next().value));
}

/** The lines that the proxy wrote of our requests, by their ids. */
class AccessLog {
  readonly #proxy: ProxyProcess;
  readonly #entries = new Map<number, Logged[]>();
  #read = 0;

  constructor(proxy: ProxyProcess) {
    this.#proxy = proxy;
  }

  /** What was logged of a request. */
  of(id: number): readonly Logged[] {
    for (const line of this.#proxy.stdout.slice(this.#read)) this.#take(line);
    this.#read = this.#proxy.stdout.length;
    return this.#entries.get(id) ?? [];
  }

  /** How many requests have no line yet, of those that must. */
  missing(results: readonly Result[]): number {
    return results.filter(({ ending, plan }) =>
      ending !== "cancelled" && this.of(plan.id).length === 0
    ).length;
  }

  #take(line: string): void {
    const [, id, status] = / msg=request id=fault-(\d+) .* status=(\d+) /.exec(line) ?? [];
    if (id === undefined) return;
    const [, detail = ""] = / detail=(.*)$/.exec(line) ?? [];
    const entry = { status: Number(status), detail };
    this.#entries.set(Number(id), [...this.#entries.get(Number(id)) ?? [], entry]);
  }
}

function atRest(descriptors: BeforeAfter, rss: BeforeAfter, rssAllowed: number): string[] {
  const found: string[] = [];
  if (descriptors.after > descriptors.before) {
    found.push(`descriptors: ${descriptors.before} before, ${descriptors.after} after`);
  }
  if (rss.after >= rssAllowed) {
    found.push(`resident memory: ${rss.before} bytes before, ${rss.after} after`);
  }
  return found;
}

/** A request that its upstream failed is a warning, and no trouble: failures are what is tried here. */
const NO_TROUBLE = / level=info | level=warn logger=claude-proxy\.access msg=request /;

/** Lines that tell of trouble: of a worker that died, of an error nobody caught. */
function printed({ stdout, stderr }: ProxyProcess, linesBefore: number): string[] {
  const trouble = stdout.slice(linesBefore).filter((line) => !NO_TROUBLE.test(line));
  return [...trouble, ...stderr].map((line) => `printed: ${line}`);
}

async function counted(proxy: ProxyProcess): Promise<string[]> {
  const admin = await adminUrl(proxy);
  const names = ["claude_proxy_worker_deaths_total", "claude_proxy_requests_in_flight"];
  const found = await Promise.all(names.map(async (name) => {
    const values = await metric(admin, name);
    return [...values].map(([labels, value]) => ({ what: `${name}${labels}: ${value}`, value }));
  }));
  return found.flat().filter(({ value }) => value !== 0).map(({ what }) => what);
}
