/**
 * How a request ended for the client. `exact`: status, headers and body are just what the upstream
 * means to send. `502`, `504`: a whole answer of the proxy's own, marked as such. `cut`: the connection
 * ended before the body's framing said so, after a head and a beginning that are right.
 * `unanswered`: it ended before any answer.
 */
export type Ending = "exact" | "502" | "504" | "cut" | "unanswered";

/** One way for the upstream to treat a request. */
export interface Behaviour {
  /** What the upstream does. */
  readonly does: string;
  /** How often it comes, among the others. */
  readonly weight: number;
  /** How the client may see it end. */
  readonly endings: readonly Ending[];
  /** What its requests are. @default {"any"} */
  readonly requests?: "any" | "large uploads";
}

function behaviour(
  does: string,
  weight: number,
  endings: readonly Ending[],
  requests: Behaviour["requests"] = "any",
): Behaviour {
  return { does, weight, endings, requests };
}

/** Everything the upstream can do. */
export const BEHAVIOURS = {
  "json": behaviour("JSON with a content-length", 18, ["exact"]),
  "chunked": behaviour("chunks of any size", 12, ["exact"]),
  "events": behaviour("a stream of events", 12, ["exact"]),
  "error-529": behaviour("an error of its own", 3, ["exact"]),
  "mislabelled": behaviour("plain bytes labelled gzip", 2, ["exact"]),
  "interim": behaviour("100 and 103 first", 4, ["exact"]),
  "stall-body": behaviour("a pause inside the body", 2, ["exact"]),
  "trickle-body": behaviour("a body of one byte a second", 2, ["exact"]),
  "close-after": behaviour("closes the connection right after the answer", 6, ["exact"]),
  "long-length": behaviour("another answer behind the content-length", 3, ["exact"]),
  "short-length": behaviour("closes before the content-length", 3, ["cut"]),
  "reset-length": behaviour("resets before the content-length", 3, ["cut"]),
  "close-chunked": behaviour("closes before the last chunk", 3, ["cut"]),
  "reset-chunked": behaviour("resets before the last chunk", 3, ["cut"]),
  "garbage-chunk": behaviour("garbage in place of a chunk", 3, ["cut"]),
  "garbage-head": behaviour("garbage in place of a head", 4, ["502"]),
  "half-head": behaviour("closes inside the head", 2, ["502"]),
  "close-silent": behaviour("closes without an answer", 3, ["502"]),
  "reset-silent": behaviour("resets without an answer", 3, ["502"]),
  "stall-head": behaviour("no answer ever", 1.5, ["504"]),
  "trickle-head": behaviour("a head of one byte a second", 1.5, ["504"]),
  "reset-upload": behaviour(
    "resets while it is sent the body",
    2,
    ["502", "unanswered"],
    "large uploads",
  ),
  "early-answer": behaviour(
    "answers and closes before it is sent the body",
    2,
    ["exact", "502", "cut", "unanswered"],
    "large uploads",
  ),
  "refuse": behaviour("refuses connections", 0.4, ["502"]),
} as const satisfies Record<string, Behaviour>;

/** The name of a behaviour. */
export type BehaviourName = keyof typeof BEHAVIOURS;

/** All names, in the order of the table. */
export const BEHAVIOUR_NAMES = Object.keys(BEHAVIOURS) as BehaviourName[];
