import type { HeaderList } from "../../kit/http1/message_head.ts";
import type { Case, Defect } from "./cases.ts";
import type { Outcome } from "./side.ts";

/** Why the proxy and nginx do not do the same. */
export interface DifferenceClass {
  name: string;
  /** One sentence. */
  why: string;
}

/** One of them refuses, or each for another reason. */
export interface RefusalClass extends DifferenceClass {
  explains(test: Case, ours: Outcome, nginx: Outcome): boolean;
  /** Where it is about these only: it has to occur for each. */
  defects?: readonly Defect[];
}

/** Both let the message through, and one of them changes it. */
export interface Rewriting<View> extends DifferenceClass {
  /** Turns what came through nginx into what has to come through the proxy. */
  apply(view: View, ours: View, test: Case): View;
}

/** A rewriting of headers alone. */
export function onHeaders<View extends { headers: HeaderList }>(
  name: string,
  why: string,
  rewrite: (lines: HeaderList, ours: HeaderList, test: Case) => HeaderList,
): Rewriting<View> {
  return {
    name,
    why,
    apply: (view, ours, test) => ({ ...view, headers: rewrite(view.headers, ours.headers, test) }),
  };
}
