import { SeededRandom } from "../kit/random/seeded_random.ts";
import { BEHAVIOUR_NAMES, type BehaviourName, BEHAVIOURS } from "./behaviours.ts";
import type { Plan } from "./plan.ts";

/** A request of the schedule. */
export interface Planned {
  readonly plan: Plan;
  /** Milliseconds after which the client leaves. */
  readonly cancelAfterMs?: number;
  /** Whether the client uses a connection it has. */
  readonly reuse: boolean;
}

/** Of all requests. */
const CANCELLED = 0.06;
const LONGEST_CANCEL_MS = 400;
const KILOBYTE = 1024;

const WEIGHTS = Object.fromEntries(
  BEHAVIOUR_NAMES.map((name) => [name, BEHAVIOURS[name].weight]),
) as Record<BehaviourName, number>;

/** Requests without end, the same ones for the same seed: first each behaviour once, then any. */
export function* schedule(random: SeededRandom): Generator<Planned, never> {
  let id = 0;
  for (const name of random.shuffled(BEHAVIOUR_NAMES)) {
    yield { plan: planRequest(++id, name, random), reuse: false };
  }
  for (;;) {
    const plan = planRequest(++id, random.weighted(WEIGHTS), random);
    yield {
      plan,
      reuse: random.chance(0.5),
      ...(random.chance(CANCELLED) && { cancelAfterMs: random.next() * LONGEST_CANCEL_MS }),
    };
  }
}

/** A request that is to be treated in a given way, the rest at random. */
export function planRequest(id: number, behaviour: BehaviourName, random: SeededRandom): Plan {
  const large = BEHAVIOURS[behaviour].requests === "large uploads";
  const method = large || random.chance(0.7) ? "POST" : "GET";
  const uploadBytes = method === "GET" ? 0 : uploadSize(large, random);
  return {
    id,
    behaviour,
    method,
    uploadBytes,
    uploadChunked: uploadBytes > 0 && uploadBytes < 16 * KILOBYTE && random.chance(0.2),
    size: answerSize(behaviour, random),
    pauseMs: pauseOf(behaviour, random),
    close: false,
  };
}

function uploadSize(large: boolean, random: SeededRandom): number {
  if (large) return random.integer(512 * KILOBYTE, KILOBYTE ** 2);
  if (random.chance(0.1)) return random.integer(64 * KILOBYTE, 512 * KILOBYTE);
  if (random.chance(0.1)) return 0;
  return random.integer(1, random.chance(0.5) ? 700 : 8 * KILOBYTE);
}

function answerSize(behaviour: BehaviourName, random: SeededRandom): number {
  if (behaviour === "events") return random.integer(2, 60);
  if (behaviour === "trickle-body") return random.integer(2, 4);
  if (behaviour === "long-length") return random.integer(2, 2 * KILOBYTE);
  if (random.chance(0.1)) return random.integer(64 * KILOBYTE, KILOBYTE ** 2);
  return random.integer(16, 16 * KILOBYTE);
}

function pauseOf(behaviour: BehaviourName, random: SeededRandom): number {
  if (behaviour === "stall-body") return random.integer(1000, 10_000);
  if (behaviour === "refuse") return random.integer(50, 300);
  if (behaviour === "close-after") return random.chance(0.5) ? 0 : random.integer(0, 20);
  return random.integer(0, 60);
}
