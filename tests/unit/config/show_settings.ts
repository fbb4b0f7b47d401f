/** A small program for the tests of permissions: loads with the real outside world, and prints. */
import { main } from "../../../src/cli/main.ts";
import { listSettings } from "../../../src/config/load/loaded_settings.ts";

if (import.meta.main) {
  Deno.exit(
    await main(Deno.args, {
      commands: {
        serve: {
          doc: "Prints the settings.",
          run(loaded) {
            for (const { path, value, source } of listSettings(loaded)) {
              console.log(`${path} ${value} ${source}`);
            }
            for (const note of loaded.notes) console.log(`Note: ${note}`);
            return Promise.resolve(0);
          },
        },
      },
    }),
  );
}
