import { claudeCode } from "./claude_code.ts";
import { coldStart } from "./cold_start.ts";
import { eventStreams } from "./event_streams.ts";
import { http2Upstream } from "./http2_upstream.ts";
import { largeBodies } from "./large_bodies.ts";
import { smallPosts } from "./small_posts.ts";
import { tls } from "./tls.ts";
import type { Work } from "./work.ts";

/** Every work, in order. */
export const WORKS: readonly Work[] = [
  smallPosts,
  eventStreams,
  claudeCode,
  largeBodies,
  http2Upstream,
  coldStart,
  tls,
];
