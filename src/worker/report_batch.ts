import type { RequestRecord, RequestReport } from "../ipc/messages.ts";

/** Milliseconds that a report is held back, so that many requests share one message. */
const DELAY = 5;

/** Gathers what a worker reports of its requests, and posts it in batches. */
export class ReportBatch {
  readonly #worker: number;
  readonly #post: (report: RequestReport) => void;
  #records: RequestRecord[] = [];
  #inFlight = 0;
  #webSockets = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(worker: number, post: (report: RequestReport) => void) {
    this.#worker = worker;
    this.#post = post;
  }

  /** So many requests run now, and so many of them are WebSockets. */
  inFlight(requests: number, webSockets: number): void {
    this.#inFlight = requests;
    this.#webSockets = webSockets;
    this.#timer ??= setTimeout(() => this.flush(), DELAY);
  }

  /** A request has ended. */
  add(record: RequestRecord): void {
    this.#records.push(record);
    this.#timer ??= setTimeout(() => this.flush(), DELAY);
  }

  /** Posts what there is, at once. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const records = this.#records;
    this.#records = [];
    const [inFlight, webSockets] = [this.#inFlight, this.#webSockets];
    this.#post({ worker: this.#worker, inFlight, webSockets, records });
  }
}
