/**
 * claude-proxy: gives Claude and OpenAI clients access to upstreams whose credentials they cannot
 * obtain, and changes nothing else.
 *
 * `deno run main.ts` and the compiled program are the command line; `deno serve main.ts` and hosts
 * like Deno Deploy use the default export.
 *
 * @module
 */
import { denoVersionFault } from "./src/cli/deno_version.ts";
import { EdgeEntry, isHosted, mayBeServed } from "./src/edge/edge_entry.ts";

// The program is imported once this is settled: an older Deno has complaints of its own about it.
const fault = denoVersionFault(Deno.version.deno);
if (fault !== undefined) {
  console.error(fault);
  Deno.exit(2);
}

const edge = new EdgeEntry();

export default { fetch: edge.fetch, onListen: edge.onListen } satisfies Deno.ServeDefaultExport;

if (import.meta.main && !isHosted()) {
  if (!mayBeServed(Deno.args)) await run();
  // `deno serve` listens as soon as this module is evaluated. If it has not by the next turn of the
  // event loop, this is `deno run` with every setting in the environment.
  setTimeout(() => edge.isUsed || run());
}

async function run(): Promise<never> {
  const { main } = await import("./src/cli/main.ts");
  Deno.exit(await main(Deno.args));
}
