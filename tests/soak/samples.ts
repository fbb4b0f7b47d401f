import type { ProxyProcess } from "../kit/process/proxy_process.ts";
import { leastSquaresSlope } from "./slope.ts";
import type { Traffic } from "./traffic.ts";
import { V8Heap } from "./v8_heap.ts";

/** What is looked at every so often. */
interface Sample {
  /** Since the beginning. */
  readonly seconds: number;
  readonly rssKib: number;
  /** Alive in V8's heaps after the last full collections. */
  readonly heapKib: number;
  readonly descriptors: number;
  readonly streamsRunning: number;
  readonly streamsEnded: number;
  readonly requestsEnded: number;
  readonly eventsReceived: number;
  readonly eventsLost: number;
  readonly failures: number;
}

const COLUMNS = [
  "seconds",
  "rssKib",
  "heapKib",
  "descriptors",
  "streamsRunning",
  "streamsEnded",
  "requestsEnded",
  "eventsReceived",
  "eventsLost",
  "failures",
] as const satisfies (keyof Sample)[];
const INTERVAL_MS = 10_000;

/** Looks at a process every 10 seconds and writes a line each time, until it is disposed. */
export class Samples implements Disposable {
  readonly #taken: Sample[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #began = performance.now();
  readonly #csvFile: string | undefined;
  readonly #heap: V8Heap;

  /** @param csvFile Where to write the samples, besides standard error; it is made anew. */
  constructor(proxy: ProxyProcess, traffic: Traffic, csvFile: string | undefined) {
    this.#csvFile = csvFile;
    this.#heap = new V8Heap(proxy);
    console.error(COLUMNS.map((name) => name.padStart(15)).join(""));
    if (csvFile !== undefined) Deno.writeTextFileSync(csvFile, `${COLUMNS.join(",")}\n`);
    this.#timer = setInterval(() => this.#take(proxy, traffic), INTERVAL_MS);
  }

  /** How fast a figure grew after a moment, per minute. */
  slope(figure: "rssKib" | "heapKib", fromSeconds: number): number {
    const late = this.#taken.filter(({ seconds }) => seconds >= fromSeconds);
    return leastSquaresSlope(late.map((sample) => [sample.seconds / 60, sample[figure]]));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #take(proxy: ProxyProcess, { streams, requests, events, failures }: Traffic): void {
    const sample: Sample = {
      seconds: Math.round((performance.now() - this.#began) / 1000),
      rssKib: proxy.rssBytes() / 1024,
      heapKib: this.#heap.aliveKib(),
      descriptors: proxy.fdCount(),
      streamsRunning: streams.running,
      streamsEnded: streams.ended,
      requestsEnded: requests.ended,
      eventsReceived: events.received,
      eventsLost: events.lost,
      failures: failures.length,
    };
    this.#taken.push(sample);
    const cells = COLUMNS.map((name) => sample[name]);
    console.error(cells.map((cell) => String(cell).padStart(15)).join(""));
    if (this.#csvFile === undefined) return;
    Deno.writeTextFileSync(this.#csvFile, `${cells.join(",")}\n`, { append: true });
  }
}
