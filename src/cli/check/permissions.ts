import type { LoadedSettings } from "../../config/load/load.ts";
import { preflight } from "../../supervisor/preflight.ts";
import type { CheckResult } from "./result.ts";

/** Whether every permission that the settings need is granted. */
export function checkPermissions(loaded: LoadedSettings): CheckResult {
  const { missing, excess } = preflight(loaded);
  return {
    name: "permissions",
    ok: missing === undefined,
    text: missing ?? excess ?? "everything the settings need is granted",
  };
}
