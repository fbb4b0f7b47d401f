import assert from "node:assert/strict";
import { azCommand } from "../../../../src/credentials/providers/azure_cli.ts";

Deno.test("az is run by itself, and on Windows through cmd /C", () => {
  assert.deepEqual(azCommand(["version"], "linux"), { program: "az", args: ["version"] });
  assert.deepEqual(azCommand(["version"], "darwin"), { program: "az", args: ["version"] });
  assert.deepEqual(azCommand(["version"], "windows"), {
    program: "cmd",
    args: ["/C", "az", "version"],
  });
});
