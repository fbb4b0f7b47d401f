import { bareDeno } from "./bare_deno.ts";
import { autoWorkers, oneWorker } from "./claude_proxy.ts";
import type { Contender } from "./contender.ts";
import { haproxy } from "./haproxy.ts";
import { litellm } from "./litellm.ts";
import { nginx } from "./nginx.ts";
import { portkey } from "./portkey.ts";
import { straight } from "./straight.ts";

/** Every contender, in the order of the tables. */
export const CONTENDERS: readonly Contender[] = [
  straight,
  nginx,
  haproxy,
  oneWorker,
  autoWorkers,
  bareDeno,
  portkey,
  litellm,
];
