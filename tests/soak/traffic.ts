import type { Result } from "../faults/attempt.ts";
import type { BehaviourName } from "../faults/behaviours.ts";
import type { Clients } from "../faults/clients.ts";
import { eventOf, type Plan } from "../faults/plan.ts";
import { atRate } from "../faults/rate.ts";
import { type Planned, planRequest } from "../faults/schedule.ts";
import type { SeededRandom } from "../kit/random/seeded_random.ts";

/** What is sent through the proxy. */
export interface TrafficOptions {
  /** For how long new requests and streams begin, in seconds. */
  readonly seconds: number;
  /** Streams that run at any time. */
  readonly streams: number;
  /** Requests a second, besides. */
  readonly rate: number;
}

/** Of streams and of requests. */
const CANCELLED_STREAMS = 0.2;
const CANCELLED_REQUESTS = 0.05;
const LONGEST_CANCEL_MS = 100;
/**
 * Of answers, those that end the upstream's connection, as servers and load balancers do now and
 * then. A connection's buffers stay as large as they ever had to be until it ends (report 10 of
 * `docs/runtime/`): if none ended, memory would rise with all that the connections had ever
 * carried, for longer than the run, and hide a leak.
 */
const CLOSED_CONNECTIONS = 0.1;
/** Milliseconds between the events of a stream. */
const EVENT_PAUSE = { from: 100, to: 400 };
/** Milliseconds that a stream lasts. */
const STREAM_LENGTH = { from: 2_000, to: 120_000 };

/** Streams, each replaced when it ends, and requests at a steady rate; some of both cancelled. */
export class Traffic {
  /** Requests that have ended, and how many of them the client cancelled. */
  readonly requests = { ended: 0, cancelled: 0 };
  /** Streams that run, that have ended, and how many of those the client cancelled. */
  readonly streams = { running: 0, ended: 0, cancelled: 0 };
  /** Events of streams that have ended: received, and missing from streams nobody cancelled. */
  readonly events = { received: 0, lost: 0 };
  /** What was neither exact nor cancelled. */
  readonly failures: string[] = [];
  readonly #clients: Clients;
  readonly #random: SeededRandom;
  #id = 0;

  constructor(clients: Clients, random: SeededRandom) {
    this.#clients = clients;
    this.#random = random;
  }

  /** Runs until the time is over and the last has ended. */
  async run({ seconds, streams, rate }: TrafficOptions): Promise<void> {
    const until = performance.now() + seconds * 1000;
    const slots = Array.from({ length: streams }, () => this.#keepStreaming(until));
    const requests = atRate(rate, seconds * rate, () => this.#request());
    await Promise.all([requests, ...slots]);
  }

  async #request(): Promise<void> {
    const random = this.#random;
    const behaviour = random.weighted({ json: 3, chunked: 1 });
    const result = await this.#clients.make({
      plan: this.#plan(behaviour),
      reuse: random.chance(0.5),
      ...this.#cancel(CANCELLED_REQUESTS, LONGEST_CANCEL_MS),
    });
    this.requests.ended++;
    this.#judge(result, this.requests);
  }

  async #keepStreaming(until: number): Promise<void> {
    for (let left = until - performance.now(); left > 0; left = until - performance.now()) {
      this.streams.running++;
      const result = await this.#clients.make(this.#stream(left));
      this.streams.running--;
      this.streams.ended++;
      this.#judge(result, this.streams);
      this.#countEvents(result);
    }
  }

  /** A stream of random length that ends before the time is over. */
  #stream(leftMs: number): Planned {
    const random = this.#random;
    const pauseMs = random.integer(EVENT_PAUSE.from, EVENT_PAUSE.to);
    const lengthMs = Math.min(random.integer(STREAM_LENGTH.from, STREAM_LENGTH.to), leftMs);
    const plan = {
      ...this.#plan("events"),
      pauseMs,
      size: Math.max(1, Math.floor(lengthMs / pauseMs)),
    };
    return { plan, reuse: random.chance(0.5), ...this.#cancel(CANCELLED_STREAMS, lengthMs) };
  }

  #plan(behaviour: BehaviourName): Plan {
    const random = this.#random;
    return {
      ...planRequest(++this.#id, behaviour, random),
      close: random.chance(CLOSED_CONNECTIONS),
    };
  }

  #cancel(probability: number, longestMs: number): Pick<Planned, "cancelAfterMs"> {
    if (!this.#random.chance(probability)) return {};
    return { cancelAfterMs: this.#random.next() * longestMs };
  }

  #judge({ ending, plan, detail }: Result, kind: { cancelled: number }): void {
    if (ending === "cancelled") kind.cancelled++;
    else if (ending !== "exact") {
      this.failures.push(`request ${plan.id} (${plan.behaviour}) ended ${ending}: ${detail ?? ""}`);
    }
  }

  #countEvents({ ending, plan, received }: Result): void {
    let whole = 0;
    for (let length = 0; whole < plan.size; whole++) {
      length += eventOf(plan.id, whole).length;
      if (length > received) break;
    }
    this.events.received += whole;
    if (ending !== "cancelled") this.events.lost += plan.size - whole;
  }
}
