import { isDeepStrictEqual } from "node:util";
import type { Case, Defect } from "./cases.ts";
import { REFUSALS } from "./refusals.ts";
import { REQUEST_REWRITINGS } from "./request_rewritings.ts";
import { RESPONSE_REWRITINGS } from "./response_rewritings.ts";
import type { DifferenceClass, Rewriting } from "./classes.ts";
import type { Outcome } from "./side.ts";

/** What a comparison found. */
export interface Comparison {
  /** The classes that the differences fall into, as {@linkcode occurrences} names them. */
  classes: string[];
  /** Differences that fall into none. */
  unexplained: unknown[];
}

/** Compares what came of one exchange through the proxy with what came of it through nginx. */
export function compare(test: Case, ours: Outcome, nginx: Outcome): Comparison {
  if (ours.refusal !== undefined || nginx.refusal !== undefined) {
    return compareRefusals(test, ours, nginx);
  }
  const request = compareViews(test, ours.request, nginx.request, REQUEST_REWRITINGS);
  const response = compareViews(test, ours.response, nginx.response, RESPONSE_REWRITINGS);
  return {
    classes: [...request.classes, ...response.classes],
    unexplained: [...request.unexplained, ...response.unexplained],
  };
}

/** What has to occur of a class: itself, or itself with each of its defects. */
export function occurrences(one: DifferenceClass & { defects?: readonly Defect[] }): string[] {
  return one.defects?.map((defect) => occurrence(one, defect)) ?? [one.name];
}

function occurrence(one: DifferenceClass & { defects?: readonly Defect[] }, defect?: Defect) {
  return one.defects ? `${one.name} (${defect})` : one.name;
}

function compareRefusals(test: Case, ours: Outcome, nginx: Outcome): Comparison {
  if (ours.refusal === nginx.refusal && ours.malformed === nginx.malformed) {
    return { classes: [], unexplained: [] };
  }
  const found = REFUSALS.find((one) => one.explains(test, ours, nginx));
  if (found) return { classes: [occurrence(found, test.defect)], unexplained: [] };
  return {
    classes: [],
    unexplained: [{ ours: ours.refusal, nginx: nginx.refusal, malformed: nginx.malformed }],
  };
}

/** Rewrites nginx's view step by step into what ours has to be. */
function compareViews<View extends object>(
  test: Case,
  ours: View | undefined,
  nginx: View | undefined,
  rewritings: readonly Rewriting<View>[],
): Comparison {
  if (ours === undefined || nginx === undefined) {
    return { classes: [], unexplained: [{ ours, nginx }] };
  }
  const classes: string[] = [];
  let view = nginx;
  for (const { name, apply } of rewritings) {
    const rewritten = apply(view, ours, test);
    if (!isDeepStrictEqual(rewritten, view)) classes.push(name);
    view = rewritten;
  }
  return { classes, unexplained: isDeepStrictEqual(ours, view) ? [] : [{ ours, expected: view }] };
}
