import type { RequestRecord } from "../ipc/messages.ts";

/** Failures that are kept. */
const KEPT = 20;
/** Most characters of an id, and of a reason. */
const LONGEST_ID = 128;
const LONGEST_REASON = 300;
/** Most characters of a reason that are searched for secrets. */
const LONGEST_SEARCH = 4_096;
const OUR_CREDENTIAL = "the upstream refused our credential, or what its bearer asks for";
/** What an upstream's 5xx is given as its reason. */
const PASSED_ON = "the upstream failed, and its answer was passed on";
/** Answers of an upstream, besides its 5xx, that tell of us and not of the client. */
const TELLING: Readonly<Record<number, string>> = {
  401: OUR_CREDENTIAL,
  403: OUR_CREDENTIAL,
  429: "the upstream's rate limit",
};

/** A request that failed, as the status page shows it. */
export interface Failure {
  /** When it ended, in milliseconds since the epoch. */
  readonly time: number;
  /** As in the log. */
  readonly id: string;
  readonly status: number;
  readonly source: "upstream" | "proxy";
  /** Of an answer of the proxy's own. */
  readonly code: string | undefined;
  readonly reason: string;
}

/** The last requests that failed. What it holds is bounded, whatever a record does. */
export class Failures {
  readonly #scrub: (text: string) => string;
  readonly #latest: Failure[] = [];

  /** @param scrub takes secrets out of a text */
  constructor(scrub: (text: string) => string) {
    this.#scrub = scrub;
  }

  /** Keeps a record, if it is one of a failure. */
  add(record: RequestRecord): void {
    const { time, status, source, code } = record;
    if (source === undefined || !isFailure(record)) return;
    const id = this.#scrub(record.id.slice(0, LONGEST_SEARCH)).slice(0, LONGEST_ID);
    const detail = this.#scrub((record.detail ?? "").slice(0, LONGEST_SEARCH));
    const words = source === "proxy" ? "" : TELLING[status] ?? PASSED_ON;
    const reason = (detail || words).slice(0, LONGEST_REASON);
    this.#latest.push({ time, id, status, source, code, reason });
    if (this.#latest.length > KEPT) this.#latest.shift();
  }

  /** What there is, the latest first. */
  view(): readonly Failure[] {
    return this.#latest.toReversed();
  }
}

/** Whether an answer tells of a fault that is not the client's, who may have sent its own key. */
function isFailure({ status, source, code, client, aborted }: RequestRecord): boolean {
  if (source === "proxy") return code !== undefined && isOwnFailure(code);
  if (status >= 500 || aborted === "upstream") return true;
  return status in TELLING && client === "authenticated";
}

/** Whether an answer of the proxy's own says that something failed; the others refuse. */
function isOwnFailure(code: string): boolean {
  return isUpstreamFailure(code) || code === "internal_error";
}

/** Whether an answer of the proxy's own says that the upstream or its token failed. */
export function isUpstreamFailure(code: string): boolean {
  return code.startsWith("upstream_");
}
