/**
 * claude-proxy: gives Claude and OpenAI clients access to upstreams whose credentials they cannot
 * obtain, and changes nothing else.
 *
 * @module
 */
import { main } from "./src/cli/main.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));
