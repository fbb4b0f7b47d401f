import { closeQuietly } from "../net/connect.ts";
import { type Clock, systemClock } from "../time/clock.ts";

/** Milliseconds from the beginning of one probe to that of the next, at least. */
const INTERVAL = 1_000;

/** How it is found out whether an upstream can be connected to. */
export interface ConnectProbeOptions {
  /** Opens a connection, TCP alone, on the way that requests take. */
  readonly connect: (signal: AbortSignal) => Promise<Deno.Conn>;
  /** Milliseconds that it may take. */
  readonly limitMs: number;
  /**
   * Whether requests surely take that way. Else the environment may name a forward proxy that only
   * `fetch` knows of: where answers come although no connection can be made, that tells nothing.
   */
  readonly isWayKnown: boolean;
  /** Of intervals and the limit. @default {systemClock} */
  readonly clock?: Clock;
}

/** A probe that runs, or has run. */
interface Probe {
  /** In milliseconds on the clock of `performance.now`. */
  readonly startedAt: number;
  /** Why there is no connection to be had; `undefined` where there is, or nobody can tell. */
  readonly failure: Promise<string | undefined>;
  state: "running" | "connected" | "ended";
}

/**
 * Finds out whether the upstream can be connected to, for requests that wait long for its answer:
 * `fetch` has no limit for connecting, and does not tell whether it is connected. A connection is
 * made and closed at once. One probe serves all who wait, and there is one a second at most.
 */
export class ConnectProbe {
  readonly #options: ConnectProbeOptions;
  readonly #clock: Clock;
  #last: Probe | undefined;
  #wasConnected = false;
  #wasAnswered = false;

  /** Connects to nothing until it is asked. */
  constructor(options: ConnectProbeOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * Why no connection to the upstream can be made.
   *
   * @param since when the wait began, in milliseconds on the clock of `performance.now`: a connection
   *   made after that is proof enough, so that an upstream that thinks for long sees few of them
   * @returns words for the log; `undefined` where there is a connection to be had, or nobody can tell
   */
  failure(since: number): Promise<string | undefined> {
    if (this.#last === undefined || !this.#isOf(this.#last, since)) this.#last = this.#begin();
    return this.#last.failure;
  }

  /** Answers come: whether connections can be made too is found out now, while the upstream is there. */
  answered(): void {
    if (this.#options.isWayKnown || this.#wasAnswered) return;
    this.#wasAnswered = true;
    this.#clock.after(this.#options.limitMs, () => void this.failure(this.#clock.elapsed()));
  }

  /** Whether a probe serves a wait that began then. */
  #isOf({ startedAt, state }: Probe, since: number): boolean {
    if (state === "running" || this.#clock.elapsed() - startedAt < INTERVAL) return true;
    return state === "connected" && startedAt >= since;
  }

  #begin(): Probe {
    const limit = new AbortController();
    const { connect, limitMs } = this.#options;
    const cancel = this.#clock.after(limitMs, () => limit.abort());
    const failure = connect(limit.signal).then(
      (conn) => this.#connected(probe, conn),
      (error) => this.#failed(probe, limit.signal.aborted ? NOT_IN_TIME : wordsOf(error)),
    ).finally(cancel);
    const probe: Probe = { startedAt: this.#clock.elapsed(), failure, state: "running" };
    return probe;
  }

  #connected(probe: Probe, conn: Deno.Conn): undefined {
    closeQuietly(conn);
    probe.state = "connected";
    this.#wasConnected = true;
  }

  #failed(probe: Probe, words: string | undefined): string | undefined {
    probe.state = "ended";
    const isOtherWay = !this.#options.isWayKnown && this.#wasAnswered && !this.#wasConnected;
    return isOtherWay ? undefined : words;
  }
}

/** Of a connection that was not there within the limit, in the words of the log. */
export const NOT_IN_TIME = "no connection within upstream_connect_timeout";

/** How the system says that the upstream is not there. What else fails may be a fault of ours. */
const NOT_THERE = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"]);

function wordsOf(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return NOT_THERE.has(String(code)) ? `no connection: ${error}` : undefined;
}
