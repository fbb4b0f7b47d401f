import type { LoadedSettings } from "../config/load/load.ts";
import { StartError } from "../config/load/start_error.ts";
import { environmentProxy } from "../net/environment_proxy.ts";
import { PROXY_VARIABLES } from "../net/forward_proxy.ts";
import { permissionFlags, quotedFlags } from "../permissions/flags.ts";
import { missingPermissions, unlimitedPermissions } from "../permissions/granted.ts";
import { NO_PERMISSIONS } from "../permissions/needs.ts";
import { exactPermissions, settingsNeeds } from "./settings_permissions.ts";

/** What stands between the settings and a start. */
export interface Preflight {
  /** A report of every missing permission and which setting needs it; `undefined` when none is. */
  readonly missing: string | undefined;
  /** What a start does all the same, but should not be left with. */
  readonly warnings: readonly string[];
}

/** Compares what the settings need with what was granted, without ever prompting. */
export function preflight(loaded: LoadedSettings): Preflight {
  const missing = settingsNeeds(loaded).flatMap(({ setting, needs }) =>
    permissionFlags(missingPermissions(needs)).map((flag) => `  ${flag}  (${setting})`)
  );
  const exact = quotedFlags(exactPermissions(loaded));
  return {
    missing: missing.length === 0
      ? undefined
      : `Permissions are missing:\n${missing.join("\n")}\nAll the settings need: ${exact}`,
    warnings: [...excess(exact), ...unknownProxy(loaded)],
  };
}

/**
 * Goes on only with every permission that the settings need.
 *
 * @returns what a start does all the same, but should not be left with
 * @throws {StartError} naming every missing permission, and which setting needs it
 */
export function requirePermissions(loaded: LoadedSettings): readonly string[] {
  const { missing, warnings } = preflight(loaded);
  if (missing !== undefined) throw new StartError([missing], { what: null });
  return warnings;
}

/** A start with more power than any settings need. */
function excess(exact: string): string[] {
  const unlimited = unlimitedPermissions();
  // What a compiled program is allowed was settled when it was made.
  if (unlimited.length === 0 || Deno.build.standalone) return [];
  return [`More is allowed than any settings need (${unlimited.join(", ")}): run with ${exact}`];
}

/** The runtime heeds variables that we cannot see. A note of the settings tells it with the others. */
function unknownProxy({ settings, lookedFor }: LoadedSettings): string[] {
  const { env } = missingPermissions({ ...NO_PERMISSIONS, env: lookedFor.env });
  const own = env.filter((name) => !PROXY_VARIABLES.some((variable) => variable === name));
  if (own.length > 0 || !environmentProxy(settings.upstream_url).unread) return [];
  const flag = quotedFlags({ ...NO_PERMISSIONS, env: PROXY_VARIABLES });
  return [
    "It is not known whether the environment names a forward proxy: if it does, requests cross " +
    `it, WebSockets do not, and its password reaches the upstream; allow ${flag}`,
  ];
}
