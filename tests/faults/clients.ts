import type { RawClient } from "../kit/http1/raw_client.ts";
import { SeededRandom } from "../kit/random/seeded_random.ts";
import { attempt, type Result } from "./attempt.ts";
import { type Planned, planRequest } from "./schedule.ts";

const WARM_UP_REQUESTS = 200;
const FIRST_WARM_UP_ID = 1_000_000_000;

/** Makes requests: each on a connection of its own, or on one that another left. */
export class Clients {
  readonly #port: number;
  readonly #patienceMs: number;
  readonly #idle: RawClient[] = [];

  /**
   * @param port The proxy's.
   * @param patienceMs Milliseconds beyond what the upstream takes, until a request counts as hung.
   */
  constructor(port: number, patienceMs: number) {
    this.#port = port;
    this.#patienceMs = patienceMs;
  }

  /** Makes one request. It never throws. */
  make({ plan, reuse, cancelAfterMs }: Planned): Promise<Result> {
    return attempt(plan, {
      port: this.#port,
      patienceMs: this.#patienceMs,
      idle: this.#idle,
      reuse,
      cancelAfterMs,
    });
  }

  /**
   * Fills caches and pools, so that what is measured after is not the first requests' doing.
   *
   * @throws {Error} Where one of them fails.
   */
  async warmUp(seed: number): Promise<void> {
    const random = new SeededRandom(seed);
    for (let number = 0; number < WARM_UP_REQUESTS; number++) {
      const plan = planRequest(FIRST_WARM_UP_ID + number, "json", random);
      const { ending, detail } = await this.make({ plan, reuse: false });
      if (ending !== "exact") throw new Error(`The first requests failed: ${ending}, ${detail}`);
    }
    this.close();
  }

  /** Closes connections that no request uses. */
  close(): void {
    for (const client of this.#idle.splice(0)) client.close();
  }
}
