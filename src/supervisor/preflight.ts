import type { LoadedSettings } from "../config/load/load.ts";
import { StartError } from "../config/load/start_error.ts";
import { permissionFlags } from "../permissions/flags.ts";
import { missingPermissions, unlimitedPermissions } from "../permissions/granted.ts";
import { joinPermissions } from "../permissions/needs.ts";
import { settingsNeeds } from "./settings_permissions.ts";

/** What stands between the settings and a start. */
export interface Preflight {
  /** A report of every missing permission and which setting needs it; `undefined` when none is. */
  readonly missing: string | undefined;
  /** A warning for a start with more power than any settings need. */
  readonly excess: string | undefined;
}

/** Compares what the settings need with what was granted, without ever prompting. */
export function preflight(loaded: LoadedSettings): Preflight {
  const needs = settingsNeeds(loaded);
  const tight = permissionFlags(joinPermissions(needs.map((part) => part.needs))).join(" ");
  const missing = needs.flatMap(({ setting, needs }) =>
    permissionFlags(missingPermissions(needs)).map((flag) => `  ${flag}  (${setting})`)
  );
  const unlimited = unlimitedPermissions();
  return {
    missing: missing.length === 0
      ? undefined
      : `Permissions are missing:\n${missing.join("\n")}\nAll the settings need: ${tight}`,
    excess: unlimited.length === 0
      ? undefined
      : `More is allowed than any settings need (${unlimited.join(", ")}): run with ${tight}`,
  };
}

/**
 * Goes on only with every permission that the settings need.
 *
 * @returns a warning for a start with more power than any settings need
 * @throws {StartError} naming every missing permission, and which setting needs it
 */
export function requirePermissions(loaded: LoadedSettings): string | undefined {
  const { missing, excess } = preflight(loaded);
  if (missing !== undefined) throw new StartError([missing], { what: null });
  return excess;
}
