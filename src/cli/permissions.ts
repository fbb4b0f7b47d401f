import type { LoadedSettings } from "../config/load/load.ts";
import { permissionFlags, permissionSet } from "../permissions/flags.ts";
import { exactPermissions } from "../supervisor/settings_permissions.ts";

/**
 * Prints the exact permissions for the settings: one line of flags, or a deno.json set.
 *
 * @returns the exit code
 */
export function printPermissions(loaded: LoadedSettings, { json }: { json: boolean }): number {
  const needs = exactPermissions(loaded);
  console.log(
    json ? JSON.stringify(permissionSet(needs), null, 2) : permissionFlags(needs).join(" "),
  );
  return 0;
}
