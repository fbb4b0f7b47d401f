import { bareDeno } from "./bare_deno.ts";
import { autoWorkers, oneWorker } from "./claude_proxy.ts";
import type { Contender } from "./contender.ts";
import { nginx } from "./nginx.ts";
import { straight } from "./straight.ts";

/** Every contender, in the order of the tables. */
export const CONTENDERS: readonly Contender[] = [
  straight,
  nginx,
  oneWorker,
  autoWorkers,
  bareDeno,
];
