import type { RequestRecord, RequestReport } from "../ipc/messages.ts";
import { MOST_COST, recordCost } from "../ipc/request_record.ts";

/** Milliseconds that a report is held back, so that many requests share one message. */
const DELAY = 5;
/** What the records that wait may cost, in characters: 20,000 of them, or fewer with headers. */
const MOST_WAITING = 10 * MOST_COST;

/**
 * Gathers what a worker reports of its requests, and sends it in batches, each once the last was
 * taken: a supervisor that cannot keep up has one batch to work at and not an ever longer queue.
 */
export class ReportBatch {
  readonly #worker: number;
  readonly #report: (report: RequestReport) => Promise<void>;
  #waiting: RequestRecord[] = [];
  #waitingCost = 0;
  #inFlight = 0;
  #webSockets = 0;
  #lost = 0;
  #isStale = false;
  #sending: Promise<void> | undefined;

  /** @param report sends a report, and resolves once it was taken */
  constructor(worker: number, report: (report: RequestReport) => Promise<void>) {
    this.#worker = worker;
    this.#report = report;
  }

  /** So many requests run now, and so many of them are WebSockets. */
  inFlight(requests: number, webSockets: number): void {
    this.#inFlight = requests;
    this.#webSockets = webSockets;
    this.#send();
  }

  /** A request has ended. */
  add(record: RequestRecord): void {
    const cost = recordCost(record);
    if (this.#waitingCost + cost <= MOST_WAITING) {
      this.#waiting.push(record);
      this.#waitingCost += cost;
    } else this.#lost++;
    this.#send();
  }

  /** Resolves once all that there was to report was taken. */
  async flushed(): Promise<void> {
    await this.#sending;
  }

  #send(): void {
    this.#isStale = true;
    this.#sending ??= this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    while (this.#isStale) {
      await new Promise((later) => setTimeout(later, DELAY));
      const records = this.#next();
      const [inFlight, webSockets, lost] = [this.#inFlight, this.#webSockets, this.#lost];
      this.#lost = 0;
      this.#isStale = this.#waiting.length > 0;
      await this.#report({ worker: this.#worker, inFlight, webSockets, lost, records });
    }
    this.#sending = undefined;
  }
  /** Takes as many of the waiting records as one report may hold. */
  #next(): RequestRecord[] {
    let [count, cost] = [0, 0];
    for (const record of this.#waiting) {
      const sum = cost + recordCost(record);
      if (count > 0 && sum > MOST_COST) break;
      [count, cost] = [count + 1, sum];
    }
    this.#waitingCost -= cost;
    return this.#waiting.splice(0, count);
  }
}
