import type { RequestRecord, RequestReport } from "../ipc/messages.ts";
import { MOST_RECORDS } from "../ipc/request_record.ts";

/** Milliseconds that a report is held back, so that many requests share one message. */
const DELAY = 5;
/** Records that wait at most: some 20 MB. */
const MOST_WAITING = 20_000;

/**
 * Gathers what a worker reports of its requests, and sends it in batches, each once the last was
 * taken: a supervisor that cannot keep up has one batch to work at and not an ever longer queue.
 */
export class ReportBatch {
  readonly #worker: number;
  readonly #report: (report: RequestReport) => Promise<void>;
  #waiting: RequestRecord[] = [];
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
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(record);
    else this.#lost++;
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
      const records = this.#waiting.splice(0, MOST_RECORDS);
      const [inFlight, webSockets, lost] = [this.#inFlight, this.#webSockets, this.#lost];
      this.#lost = 0;
      this.#isStale = this.#waiting.length > 0;
      await this.#report({ worker: this.#worker, inFlight, webSockets, lost, records });
    }
    this.#sending = undefined;
  }
}
