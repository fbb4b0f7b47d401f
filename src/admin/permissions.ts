import type { AdminSettings } from "../config/schema/settings.ts";
import { netAddress, type PermissionNeeds } from "../permissions/needs.ts";

/** The permissions that the admin listener takes. */
export function adminPermissions(
  { bind_address: host, port }: AdminSettings,
): Pick<PermissionNeeds, "net"> {
  return { net: port === undefined ? [] : [netAddress(host, port)] };
}
