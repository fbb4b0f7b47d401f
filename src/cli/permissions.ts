import type { LoadedSettings } from "../config/load/load.ts";
import { permissionFlags, permissionSet } from "../permissions/flags.ts";
import { joinPermissions } from "../permissions/needs.ts";
import { settingsNeeds } from "../supervisor/settings_permissions.ts";

/**
 * Prints the exact permissions that the settings need: one line of flags, or a deno.json set.
 *
 * @returns the exit code
 */
export function printPermissions(loaded: LoadedSettings, { json }: { json: boolean }): number {
  const needs = joinPermissions(settingsNeeds(loaded).map((part) => part.needs));
  console.log(
    json ? JSON.stringify(permissionSet(needs), null, 2) : permissionFlags(needs).join(" "),
  );
  return 0;
}
