/**
 * The real program with another worker module, named by the variable `WORKER_MODULE`, and less
 * patience with silent workers, `PATIENCE_MS`: nothing else tells it from the real one, and the real
 * one needs no switch for it.
 *
 * @module
 */
import { commands } from "../../../src/cli/commands.ts";
import { main } from "../../../src/cli/main.ts";
import { serve } from "../../../src/supervisor/serve.ts";

const module = new URL(Deno.env.get("WORKER_MODULE") ?? "", import.meta.url);
const patience = Deno.env.get("PATIENCE_MS");
const options = { module, ...(patience !== undefined && { patienceMs: Number(patience) }) };
const doc = commands["serve"]?.doc ?? "";

Deno.exit(
  await main(Deno.args, {
    commands: {
      serve: { doc, run: (loaded, { reload }) => serve(loaded, { ...options, reload }) },
    },
  }),
);
