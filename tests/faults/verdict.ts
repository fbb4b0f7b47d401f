import type { Result } from "./attempt.ts";
import { BEHAVIOURS, type Ending } from "./behaviours.ts";
import type { Outages } from "./outages.ts";
import type { Arrived } from "./upstream_process.ts";

/** A line of the access log. */
export interface Logged {
  readonly status: number;
  /** Why the proxy itself answered; empty where it did not. */
  readonly detail: string;
}

/** What speaks for and against the proxy, besides a result. */
export interface Evidence {
  /** What the upstream saw of the request, if it did. */
  readonly arrived: Arrived | undefined;
  /** When the upstream refused connections. */
  readonly outages: Outages;
  /** What the access log has for the request. */
  readonly logged: readonly Logged[];
}

/** Why a request ended worse than its own behaviour explains, where something else does. */
export function excuse(result: Result, { arrived, outages }: Evidence): string | undefined {
  if (result.ending !== "502" || endings(result).includes("502")) return undefined;
  if (arrived?.late) return "sent as the upstream closed the connection";
  if (arrived === undefined && outages.between(result.started, result.ended)) return "outage";
  return undefined;
}

/** What is wrong with how a request went. */
export function complaints(result: Result, evidence: Evidence): string[] {
  const { plan, ending, detail } = result;
  const { arrived, logged } = evidence;
  const found: string[] = [];
  const expected = ending === "cancelled" || endings(result).includes(ending as Ending);
  if (!expected && excuse(result, evidence) === undefined) {
    const why = detail ?? logged.map((line) => line.detail).join();
    found.push(`ended ${ending}: ${why}`);
  }
  if (plan.method === "POST" && (arrived?.times ?? 0) > 1) {
    found.push(`was sent ${arrived?.times} times`);
  }
  if (ending !== "cancelled" && logged.length !== 1) {
    found.push(`has ${logged.length} lines in the access log`);
  }
  const own = ending === "502" || ending === "504";
  if (own && logged.some(({ status }) => `${status}` !== ending)) {
    found.push(`ended ${ending} and was logged as ${logged[0]?.status}`);
  }
  return found.map((what) => `request ${plan.id} (${plan.method} ${plan.behaviour}) ${what}`);
}

function endings({ plan }: Result): readonly Ending[] {
  return BEHAVIOURS[plan.behaviour].endings;
}
