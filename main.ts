/**
 * claude-proxy: gives Claude and OpenAI clients access to upstreams whose credentials they cannot
 * obtain, and changes nothing else.
 *
 * `deno run main.ts` and the compiled program are the command line; `deno serve main.ts` and hosts
 * like Deno Deploy use the default export.
 *
 * @module
 */
import { main } from "./src/cli/main.ts";
import { EdgeEntry, isHosted, mayBeServed } from "./src/edge/edge_entry.ts";

const edge = new EdgeEntry();

export default { fetch: edge.fetch, onListen: edge.onListen } satisfies Deno.ServeDefaultExport;

if (import.meta.main && !isHosted()) {
  if (!mayBeServed(Deno.args)) Deno.exit(await main(Deno.args));
  // `deno serve` listens as soon as this module is evaluated. If it has not by the next turn of the
  // event loop, this is `deno run` with every setting in the environment.
  setTimeout(async () => {
    if (!edge.isUsed) Deno.exit(await main(Deno.args));
  });
}
