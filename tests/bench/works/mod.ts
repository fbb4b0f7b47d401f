import { smallPosts } from "./small_posts.ts";
import type { Work } from "./work.ts";

/** Every work, in order. */
export const WORKS: readonly Work[] = [smallPosts];
